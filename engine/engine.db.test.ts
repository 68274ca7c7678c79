import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { startStandIn, type StandIn } from '@purser/providers/standins';
import { generateText, streamText, wrapLanguageModel } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import Fastify, { type FastifyRequest } from 'fastify';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type * as ai from './src/ai.ts';
import type { guard as FastifyGuard, purserOf as PurserOf } from './src/fastify.ts';
import type { createPurser as CreatePurser, Purser } from './src/index.ts';

import { SCHEMA_NAMES } from './src/shipped.ts';

/* The library as it is built, on a database of its own. */

const HERE = import.meta.dirname;
const CENT = { amount: '0.01', currency: 'USD' };

let database: TestDatabase;
let upstream: StandIn;
let createPurser: typeof CreatePurser;
let purser: Purser;
/** With a provider that answers in the protocol of OpenAI. */
let governed: Purser;
beforeAll(async () => {
  execFileSync(process.execPath, ['build.mjs', '--without-types'], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
  ({ createPurser } = (await import(`${HERE}/dist/index.js`)) as { createPurser: typeof CreatePurser });
  database = await createTestDatabase([]);
  upstream = await startStandIn();
  purser = await createPurser({ database: database.url });
  governed = await createPurser({
    database: database.url,
    providers: { openai: { api_key: 'test', base_url: upstream.openai_url } },
  });
});
afterAll(async () => {
  expect(await purser.verify()).toEqual({ balanced: true, open_holds: 0 });
  await Promise.all([purser.close(), governed.close(), upstream.close()]);
  await database.drop();
});

let made = 0;
async function workspace(overrides?: Record<string, unknown>, plan = 'PRO'): Promise<string> {
  const external_id = `customer-${made++}`;
  await purser.workspaces.create({ external_id, plan, ...(overrides && { overrides }) });
  return external_id;
}
let users = 0;
/** Abuse rules are of one user: each call is another’s. */
const user = (): string => `user-${users++}`;
const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'served',
    (error: unknown) => (error as { code?: string }).code ?? error,
  );
const room = { credits_monthly: 100, concurrency: 600, rate: { rps: 100_000, rpm: 1_000_000, burst: 100_000 } };

test('512 callers at once on a budget of 100 calls: exactly 100 are admitted, by holds and by generated answers alike', async () => {
  const ofHolds = await workspace(room);
  const holds = await Promise.allSettled(
    Array.from({ length: 512 }, () => purser.hold({ workspace: ofHolds, user: user(), operation: 'chat', max_cost: CENT })),
  );
  const held = holds.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = holds.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
  expect([held.length, new Set(refused)]).toEqual([100, new Set(['credits_exhausted'])]);
  await Promise.all(held.map((one) => one.settle({ cost: CENT })));
  expect((await purser.usage(ofHolds)).credits).toEqual({ balance: 0, held: 0 });

  const ofAnswers = await workspace(room);
  const codes = await Promise.all(
    Array.from({ length: 512 }, () =>
      code(purser.generate({ workspace: ofAnswers, user: user(), operation: 'chat', prompt: 'hello' })),
    ),
  );
  expect([codes.filter((one) => one === 'served').length, new Set(codes)]).toEqual([
    100,
    new Set(['served', 'credits_exhausted']),
  ]);
}, 120_000);

describe('work of the host', () => {
  test('is settled with what it cost, and counts on the quotas of its operation', async () => {
    const of = await workspace({ quotas: { tokens_month: 5_000 } });
    const hold = await purser.hold({
      workspace: of,
      user: user(),
      operation: 'chat',
      max_cost: { amount: '0.05', currency: 'USD' },
      counts: { token: 4_000 },
    });
    expect((await purser.usage(of)).cost.held.amount).not.toBe('0');
    expect(
      await code(purser.hold({ workspace: of, user: user(), operation: 'chat', max_cost: CENT, counts: { token: 4_000 } })),
    ).toBe('quota_exceeded');
    const receipt = await hold.settle({ cost: { amount: '0.0201', currency: 'USD' }, counts: { token: 1_000 } });
    expect(receipt).toMatchObject({ cost: { amount: '0.0201', currency: 'USD' }, credits: { charged: 3 }, replayed: false });
    const { quotas, cost } = await purser.usage(of);
    expect(quotas.find(({ key }) => key === 'tokens')).toMatchObject({ limit: 5_000, used: 1_000, held: 0 });
    expect([cost.held.amount, Number(cost.used.amount) > 0]).toEqual(['0', true]);
  });

  test('that was called off costs nothing; of what nobody knows the customer pays nothing and the cost stays counted', async () => {
    const of = await workspace();
    const { credits } = await purser.usage(of);
    const off = await purser.hold({ workspace: of, user: user(), operation: 'chat', max_cost: CENT });
    await off.void();
    expect(await purser.usage(of)).toMatchObject({ credits, cost: { used: { amount: '0' }, held: { amount: '0' } } });
    const lost = await purser.hold({ workspace: of, user: user(), operation: 'chat', max_cost: CENT });
    await lost.unresolved();
    const after = await purser.usage(of);
    expect([after.credits, Number(after.cost.used.amount) > 0]).toEqual([credits, true]);
  });

  test('is done once for a key; a failure comes back as it is, and its cost is unresolved', async () => {
    const of = await workspace();
    let ran = 0;
    const spend = () =>
      purser.spend({ workspace: of, user: 'ada', operation: 'chat', max_cost: CENT, idempotency_key: 'once' }, async () => {
        ran += 1;
        return { cost: CENT, result: { words: ran } };
      });
    const first = await spend();
    expect([first.replayed, first.result, first.credits.charged]).toEqual([false, { words: 1 }, 1]);
    const again = await spend();
    expect([again.replayed, again.result, again.transaction_id, ran]).toEqual([true, { words: 1 }, first.transaction_id, 1]);
    const broken = new Error('the printer is on fire');
    const failed = purser.spend({ workspace: of, user: user(), operation: 'chat', max_cost: CENT }, () => Promise.reject(broken));
    await expect(failed).rejects.toBe(broken);
    expect(
      await code(
        purser.spend({ workspace: of, user: user(), operation: 'chat', max_cost: CENT }, async () => ({ cost: CENT, result: 1 })),
      ),
    ).toBe('served');
  });

  test.each([
    ['an operation that there is not', { operation: 'nothing' }, /operation: there is no 'nothing'; want one of .*chat/u],
    ['a workspace that there is not', { workspace: 'nobody' }, /there is no workspace 'nobody'/u],
    ['a cost below zero', { max_cost: { amount: '-1', currency: 'USD' } }, /max_cost: want .*; got .*-1/u],
    ['a unit that nothing counts', { counts: { parrot: 1 } }, /counts: no quota of this operation counts parrot; want .*token/u],
    ['a currency without a rate', { max_cost: { amount: '1', currency: 'XPF' } }, /no rate from XPF/u],
  ])('%s is refused by name', async (_, wrong, words) => {
    const of = await workspace();
    const asked = { workspace: of, user: user(), operation: 'chat', max_cost: CENT, ...wrong };
    await expect(purser.hold(asked)).rejects.toMatchObject({
      name: 'PurserRefusal',
      message: expect.stringMatching(words) as string,
    });
  });

  test('a feature that the plan has not is refused', async () => {
    expect(await code(purser.hold({ workspace: await workspace(undefined, 'STARTER'), operation: 'chat', max_cost: CENT }))).toBe(
      'plan_feature_missing',
    );
  });
});

describe('the AI SDK', () => {
  const model = (of: string) => {
    const openai = createOpenAI({ apiKey: 'test', baseURL: upstream.openai_url });
    return { openai, of };
  };

  test('a wrapped model is held at its price and settled with its usage, streamed or not; one that may not spend is not asked', async () => {
    const { purserMiddleware } = (await import(`${HERE}/dist/ai.js`)) as typeof ai;
    const of = await workspace({ ...room, credits_monthly: 3 });
    const { openai } = model(of);
    const wrapped = (name: string) =>
      wrapLanguageModel({
        model: openai.chat('gpt-4.1-mini'),
        middleware: purserMiddleware(governed, { workspace: of, user: name }),
      });
    const answer = await generateText({ model: wrapped(user()), prompt: 'Hello!', maxOutputTokens: 50 });
    expect(answer.providerMetadata?.['purser']).toMatchObject({ credits: { charged: 1, balance: 2 } });
    const streamed = streamText({ model: wrapped(user()), prompt: 'Hello!', maxOutputTokens: 50 });
    expect(await streamed.text).not.toBe('');
    await expect.poll(async () => (await purser.usage(of)).credits).toEqual({ balance: 1, held: 0 });
    await generateText({ model: wrapped(user()), prompt: 'Hello!', maxOutputTokens: 50 });
    const asked = upstream.requests.length;
    await expect(generateText({ model: wrapped(user()), prompt: 'Hello!', maxRetries: 0 })).rejects.toMatchObject({
      code: 'credits_exhausted',
    });
    expect(upstream.requests.length).toBe(asked);
    expect((await purser.usage(of)).cost.held.amount).toBe('0');
  });

  test('the provider gives the models of the catalog, governed, to the AI SDK; OpenAI’s own client goes the same way by its fetch', async () => {
    const { createPurserProvider } = (await import(`${HERE}/dist/ai.js`)) as typeof ai;
    const of = await workspace(room);
    const provider = createPurserProvider(governed, { workspace: of, user: user() });
    const { text, usage } = await generateText({ model: provider('gpt-4.1-mini'), prompt: 'Hello!' });
    expect([text === '', (usage.totalTokens ?? 0) > 0]).toEqual([false, true]);
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://purser.invalid/v1',
      maxRetries: 0,
      fetch: governed.fetchFor({ workspace: of, user: user() }),
    });
    const completion = await client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello!' }] });
    expect(completion.choices[0]?.message.content).toBeTruthy();
    await expect(
      client.chat.completions.create({ model: 'nothing', messages: [{ role: 'user', content: 'Hello!' }] }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
    await expect.poll(async () => (await purser.usage(of)).credits.balance).toBe(98);
  });
});

describe('a guarded route', () => {
  test('settles what its handler says before it answers; refusals are problems; what is unsaid is the most, and a failure is unresolved', async () => {
    const { guard, purserOf } = (await import(`${HERE}/dist/fastify.js`)) as {
      guard: typeof FastifyGuard;
      purserOf: typeof PurserOf;
    };
    const of = await workspace({ ...room, credits_monthly: 7 });
    const app = Fastify();
    const options = {
      workspace: ({ headers }: FastifyRequest) => headers['x-customer']?.toString(),
      user,
      operation: 'chat',
      max_cost: { amount: '0.05', currency: 'USD' },
    };
    app.post('/:how', guard(purser, options), (request, reply) => {
      const { how } = request.params as { how: string };
      if (how === 'said') purserOf(request).spent({ cost: CENT });
      if (how === 'nothing') purserOf(request).nothing();
      if (how === 'fails') throw new Error('broken');
      reply.send({ ok: true });
    });
    const post = async (how: string, customer: string | undefined = of) => {
      const { statusCode, headers, body } = await app.inject({
        method: 'POST',
        url: `/${how}`,
        headers: customer === '' ? {} : { 'x-customer': customer },
      });
      return [statusCode, headers['purser-credits-charged'], (JSON.parse(body) as { code?: string }).code];
    };
    expect(await post('said')).toEqual([200, '1', undefined]);
    expect(await post('nothing')).toEqual([200, undefined, undefined]);
    expect(await post('fails')).toEqual([500, undefined, undefined]);
    expect((await purser.usage(of)).credits).toEqual({ balance: 6, held: 0 });
    expect(await post('unsaid')).toEqual([200, '5', undefined]);
    expect(await post('said')).toEqual([402, undefined, 'credits_exhausted']);
    expect(await post('said', '')).toEqual([401, undefined, 'unauthenticated']);
    expect(await post('said', 'nobody')).toEqual([404, undefined, 'not_found']);
    await app.close();
  });
});

test('workspaces: made once though many ask at once, changed within their plan’s margin, and found by either name', async () => {
  const made_once = await Promise.all(
    Array.from({ length: 8 }, () => purser.workspaces.ensure({ external_id: 'many', plan: 'PRO' })),
  );
  expect(new Set(made_once.map(({ id }) => id)).size).toBe(1);
  const [{ id } = { id: '' }] = made_once;
  expect(await purser.workspaces.get(id)).toEqual(await purser.workspaces.get('many'));
  expect((await purser.workspaces.change('many', { plan: 'FREE', name: 'Many' })).plan).toBe('FREE');
  const loss = { ceiling: { amount: '100', currency: 'EUR' } };
  expect(await code(purser.workspaces.change('many', { plan: 'PRO', overrides: loss }))).toBe('invalid_request');
});

test('what cannot be used is told in one line: a database, a catalog', async () => {
  await expect(createPurser({ database: 'mysql://x' })).rejects.toThrow(/^database: want 'embedded' or an address/u);
  await expect(createPurser({ database: database.url, catalog: '/nowhere.yaml' })).rejects.toThrow(/nowhere\.yaml/u);
});

test('it knows every schema that there is, so that a server may run on the same database', () => {
  expect(readdirSync(`${HERE}/dist/migrations`).toSorted()).toEqual([...SCHEMA_NAMES].toSorted());
});
