import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { isRefusal } from '@purser/core';
import { newId, transaction } from '@purser/database';
import type { Catalog } from '@purser/catalog';
import { listUnresolved, resolveUnresolved, verifyMeters } from '@purser/meters';
import { currency, money } from '@purser/money';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { RouteStates } from '@purser/routing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { ProviderFailure } from './execution/provider-failure.ts';
import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';
import { keepWithinBound } from './execution/unresolved-bound.ts';

let bench: GateBench;
const standIns: StandIn[] = [];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bench = await openGateBench();
});
afterEach(async () => expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]));
afterAll(async () => {
  await Promise.all(standIns.map((standIn) => standIn.close()));
  await Promise.all(closers.map((close) => close()));
  await bench.close();
});

async function upstream(misbehaviour: Misbehaviour): Promise<StandIn> {
  const standIn = await startStandIn({ misbehaviour, wait_ms: 50 });
  standIns.push(standIn);
  return standIn;
}

type Caller = ReturnType<GateBench['caller']>;

const unresolvedOf = ({ workspace }: Caller) => listUnresolved(bench.database.pool, { workspace: workspace.id, resolved: true });

test('a 500 of a provider whose terms say that it is not billed is void at once', async () => {
  const gemini = await upstream('server_error');
  const caller = bench.caller('PRO');
  const gate = bench.gate({ gemini: { api_key: 'test', base_url: gemini.gemini_url } });
  const refusal = await gate.generate(caller, ask('hello', { model: 'gemini-2.5-flash', output_tokens_max: 4000 }), PRESENT);
  expect(isRefusal(refusal)).toBe(true);
  expect(gemini.requests.length).toBeGreaterThan(0);
  expect((await bench.metersOf(caller))['cost']).toMatchObject({ held: 0n, used: 0n, unreconciled: 0n });
  expect(await unresolvedOf(caller)).toEqual([]);
});

test.each(['server_error', 'cut_off'] as const)(
  '%s of a provider that states nothing takes nothing from the ceiling, and the books keep it as unresolved',
  async (misbehaviour) => {
    const openai = await upstream(misbehaviour);
    const caller = bench.caller('PRO');
    const gate = bench.gate({ openai: { api_key: 'test', base_url: openai.openai_url } });
    for (let n = 0; n < 3; n++) {
      await gate.generate(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 4000 }), PRESENT);
    }
    expect((await bench.metersOf(caller))['cost']).toMatchObject({ held: 0n, used: 0n, unreconciled: 0n, overrun: 0n });
    const unresolved = await unresolvedOf(caller);
    expect(unresolved.length).toBe(openai.requests.length);
    expect(unresolved[0]).toMatchObject({ provider: 'openai', model: 'gpt-4o', cause: 'unavailable', counted: false });
  },
);

test('a caller that provokes time-outs is spared a tenth of its ceiling at most', async () => {
  const openai = await upstream('hang');
  const caller = bench.caller('PRO', { ceiling: { amount: '1.00', currency: 'EUR' } });
  // A call whose time was over before it reached the provider says nothing here: it is made again with more.
  for (let call_timeout_ms = 50; openai.requests.length < 4;) {
    const gate = bench.gate({ openai: { api_key: 'test', base_url: openai.openai_url } }, { call_timeout_ms });
    const before = openai.requests.length;
    await gate.generate(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 2000 }), PRESENT);
    if (openai.requests.length === before) call_timeout_ms *= 2;
  }
  const cost = (await bench.metersOf(caller))['cost'];
  const unresolved = await unresolvedOf(caller);
  const spared = unresolved.filter(({ counted }) => !counted).reduce((sum, { reported }) => sum + reported, 0n);
  const counted = unresolved.filter((one) => one.counted).reduce((sum, { reported }) => sum + reported, 0n);
  expect(spared).toBeGreaterThan(0n);
  expect(spared).toBeLessThanOrEqual((cost?.cap ?? 0n) / 10n);
  expect(counted).toBeGreaterThan(0n);
  expect(cost?.unreconciled).toBe(counted);
});

test('a settlement whose hold the database has forgotten is told, and its cost is in the books', async () => {
  const own = await openGateBench();
  const openai = await upstream('honest');
  const caller = own.caller('PRO');
  const lost: string[] = [];
  const gate = own.gate(
    { openai: { api_key: 'test', base_url: openai.openai_url } },
    {
      onLost: ({ id }) => lost.push(id),
      pause: async (point) => {
        if (point === 'before settle') await own.database.pool.query('delete from meters.hold');
      },
    },
  );
  const answer = await gate.generate(caller, ask('hello', { model: 'gpt-4o-mini' }), PRESENT);
  if (isRefusal(answer)) throw new Error(answer.detail);
  expect(answer.credits.charged).toBe(0n);
  expect(lost).toEqual([answer.id]);
  expect(await listUnresolved(own.database.pool)).toMatchObject([{ hold_id: answer.id, cause: 'lost', cost: answer.cost.nanos }]);
  const { rows } = await own.database.pool.query<{ amount: bigint }>(
    `select amount from ledger.posting where hold_id = $1 and debit = 'unreconciled' and credit = 'payable:openai'`,
    [answer.id],
  );
  expect(rows).toEqual([{ amount: answer.cost.nanos }]);
  await own.close();
});

test('a provider that fails again and again is asked no more: the next one serves at once and says so, and none is left says 502 with a wait', async () => {
  const [gemini, openai] = [await upstream('server_error'), await upstream('honest')];
  const caller = bench.caller('PRO');
  const providers = {
    gemini: { api_key: 'test', base_url: gemini.gemini_url },
    openai: { api_key: 'test', base_url: openai.openai_url },
  };
  const gate = bench.gate(providers);
  for (let n = 0; n < 8; n++) {
    const answer = await gate.generate(caller, ask('hello', { output_tokens_max: 64 }), PRESENT);
    if (isRefusal(answer)) throw new Error(answer.detail);
    expect(answer.model.provider).toBe('openai');
    expect(answer.degraded.map(({ what }) => what).join()).toContain('gemini');
  }
  expect(gemini.requests).toHaveLength(5);
  expect(openai.requests).toHaveLength(8);
  const alone = bench.gate({ gemini: providers.gemini });
  const refusals: unknown[] = [];
  for (let n = 0; n < 8; n++) {
    refusals.push(await alone.generate(caller, ask('hello', { model: 'gemini-2.5-flash', output_tokens_max: 64 }), PRESENT));
  }
  expect(gemini.requests).toHaveLength(10);
  expect(refusals.at(-1)).toMatchObject({ code: 'provider_failed', retryAfterSeconds: expect.any(Number) as number });
});

/** An upstream in OpenAI's format that answers with one status and body. */
async function answering(status: number, body: string, headers: Record<string, string> = {}) {
  const seen = { calls: 0 };
  const server = createServer((request, response) => {
    seen.calls++;
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen };
}

const words = (message: string) => JSON.stringify({ error: { message, type: 'x', code: null } });

test.each([
  [400, 'invalid_request', 'want one of'],
  [413, 'request_too_large', 'too long'],
  [422, 'invalid_request', 'cannot be'],
] as const)(
  'HTTP %i of the caller’s own making is %s with the provider’s words, asks nobody else and closes nothing',
  async (status, code, text) => {
    const first = await answering(status, words(`this ${text} (key sk-abcdefgh12345678)`));
    const next = await upstream('honest');
    const failures: ProviderFailure[] = [];
    const gate = bench.gate(
      { openai: { api_key: 'test', base_url: first.url }, anthropic: { api_key: 'test', base_url: next.anthropic_url } },
      { onProviderFailure: (failure) => failures.push(failure) },
    );
    const caller = bench.caller('PRO', { providers: { text: ['openai', 'anthropic'] } });
    for (let n = 1; n <= 7; n++) {
      const refusal = await gate.generate(caller, ask('hello', { output_tokens_max: 64 }), PRESENT);
      expect(refusal).toMatchObject({ code, detail: expect.stringContaining(text) as string });
      expect(JSON.stringify(refusal)).not.toContain('abcdefgh');
      expect(first.seen.calls).toBe(n);
    }
    expect(next.requests).toEqual([]);
    expect(failures[0]).toMatchObject({
      provider: 'openai',
      status,
      billed: 'no',
      words: expect.stringContaining(text) as string,
    });
  },
);

/** What vendors say, each in its own way, when it is our account that they turn away. */
test.each([
  ['openai', 400, { error: { message: 'Billing hard limit has been reached', type: 'x', code: 'billing_hard_limit_reached' } }],
  [
    'openai',
    429,
    { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } },
  ],
  ['anthropic', 400, { type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low to …' } }],
  ['gemini', 400, { error: { code: 400, message: 'API key not valid. Pass one.', status: 'INVALID_ARGUMENT' } }],
  ['gemini', 400, [{ error: { code: 400, message: 'Not here.', status: 'FAILED_PRECONDITION' } }]],
  ['gemini', 400, { error: { code: 400, message: 'x', status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } }],
] as const)(
  '%s, HTTP %i: an account that is turned away, by whatever status, closes its provider at once, and the next one serves',
  async (family, status, body) => {
    const first = await answering(status, JSON.stringify(body));
    const other = family === 'openai' ? 'anthropic' : 'openai';
    const next = await upstream('honest');
    const urls = { openai: next.openai_url, anthropic: next.anthropic_url, gemini: next.gemini_url };
    const gate = bench.gate({
      [family]: { api_key: 'test', base_url: first.url },
      [other]: { api_key: 'test', base_url: urls[other] },
    });
    const caller = bench.caller('PRO', { providers: { text: [family] } });
    const alone = await gate.generate(caller, ask('hello', { output_tokens_max: 64 }), PRESENT);
    expect(alone).toMatchObject({ code: 'provider_failed' });
    expect(JSON.stringify(alone)).not.toMatch(/balance|quota|key|billing/iu);
    for (let n = 0; n < 3; n++) {
      const answer = await gate.generate(bench.caller('PRO'), ask('hello', { output_tokens_max: 64 }), PRESENT);
      expect(answer).toMatchObject({ model: { provider: other } });
    }
    expect(first.seen.calls).toBe(1);
  },
);

test('what a caller wrote into a refusal closes nothing for others', async () => {
  const told = {
    error: { message: 'messages.0: got "Your credit balance is too low"', type: 'invalid_request_error', code: null },
  };
  const first = await answering(400, JSON.stringify(told));
  const gate = bench.gate({ openai: { api_key: 'test', base_url: first.url } });
  for (let n = 1; n <= 7; n++) {
    const refusal = await gate.generate(bench.caller('PRO'), ask('hello', { output_tokens_max: 64 }), PRESENT);
    expect([refusal, first.seen.calls]).toMatchObject([{ code: 'invalid_request' }, n]);
  }
});

test('two workspaces whose calls alone fail keep only themselves away; the third shows that it fails for all', async () => {
  const failing = await answering(500, words('boom'));
  const gate = bench.gate({ openai: { api_key: 'test', base_url: failing.url } });
  const calls = async (caller: Caller): Promise<number> => {
    await gate.generate(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 64 }), PRESENT);
    return failing.seen.calls;
  };
  const [guilty, second] = [bench.caller('PRO'), bench.caller('PRO')];
  for (let n = 0; n < 8; n++) {
    await calls(guilty);
    await calls(second);
  }
  expect(failing.seen.calls).toBe(10);
  expect([await calls(bench.caller('PRO')), await calls(bench.caller('PRO'))]).toEqual([11, 11]);
});

test('workspaces that pay nothing bear witness for the others when they are a day old: nobody makes some to close a model by', async () => {
  const failing = await upstream('server_error');
  const gate = bench.gate({ gemini_free: { api_key: 'test', base_url: failing.gemini_url } });
  const calls = async (hours: number): Promise<number> => {
    const free = bench.caller('FREE');
    const created_at = bench.clock.now().subtract({ hours });
    const caller = { ...free, workspace: { ...free.workspace, created_at } };
    await gate.generate(caller, ask('hello', { model: 'gemini-2.5-flash-lite', output_tokens_max: 64 }), PRESENT);
    return failing.requests.length;
  };
  for (let n = 1; n <= 8; n++) expect(await calls(23)).toBe(n);
  expect([await calls(24), await calls(24), await calls(24), await calls(24)]).toEqual([9, 10, 11, 11]);
});

test.each(['generate', 'chat'] as const)('streams that begin and break off count as failures in a row: %s', async (how) => {
  const breaking = await upstream('cut_off');
  const gate = bench.gate({ openai: { api_key: 'test', base_url: breaking.openai_url } });
  const caller = bench.caller('PRO');
  const asked = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }], max_tokens: 64, stream: true };
  for (let n = 0; n < 8; n++) {
    const answer =
      how === 'generate'
        ? await gate.stream(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 64 }), PRESENT)
        : await gate.chatCompletions(caller, { body: asked }, PRESENT);
    if (isRefusal(answer)) continue;
    if ('kind' in answer && answer.kind === 'whole') throw new Error('it was asked to stream');
    for await (const _ of 'kind' in answer ? answer.chunks : answer);
  }
  expect(breaking.requests).toHaveLength(5);
});

test('a prompt that a provider forbids keeps its workspace off the model at once, and nobody else', async () => {
  const forbidding = await answering(403, words('blocked'));
  const gate = bench.gate({ openai: { api_key: 'test', base_url: forbidding.url } });
  const calls = async (caller: Caller): Promise<number> => {
    await gate.generate(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 64 }), PRESENT);
    return forbidding.seen.calls;
  };
  const [guilty, innocent] = [bench.caller('PRO'), bench.caller('PRO')];
  expect([await calls(guilty), await calls(guilty), await calls(innocent)]).toEqual([1, 1, 2]);
});

test('a model that its provider no longer has is another’s to serve, and is asked for no more; a caller with no other is told', async () => {
  const gone = { error: { message: 'The model has been retired', type: 'invalid_request_error', code: 'model_not_found' } };
  const first = await answering(404, JSON.stringify(gone));
  const next = await upstream('honest');
  const providers = { openai: { api_key: 'test', base_url: first.url } };
  const refusal = await bench.gate(providers).generate(bench.caller('PRO'), ask('hello', { model: 'gpt-4o' }), PRESENT);
  expect(refusal).toMatchObject({ code: 'not_found', detail: expect.stringContaining('has been retired') as string });
  const gate = bench.gate({ ...providers, anthropic: { api_key: 'test', base_url: next.anthropic_url } });
  const asked = async () => gate.generate(bench.caller('PRO'), ask('hello', { output_tokens_max: 64 }), PRESENT);
  expect(await asked()).toMatchObject({ model: { provider: 'anthropic' } });
  const calls = first.seen.calls;
  expect(await asked()).toMatchObject({ model: { provider: 'anthropic' } });
  expect(first.seen.calls).toBe(calls);
});

test.each([404, 405, 407, 421, 426, 451, 499, 301, 302])(
  'HTTP %i judges no call: another provider serves it, and nothing stays unresolved',
  async (status) => {
    const first = await answering(status, '<html></html>', { location: 'https://login.example/' });
    const next = await upstream('honest');
    const failures: ProviderFailure[] = [];
    const gate = bench.gate(
      { openai: { api_key: 'test', base_url: first.url }, anthropic: { api_key: 'test', base_url: next.anthropic_url } },
      { onProviderFailure: (failure) => failures.push(failure) },
    );
    const answer = await gate.generate(bench.caller('PRO'), ask('hello', { output_tokens_max: 64 }), PRESENT);
    expect(answer).toMatchObject({ model: { provider: 'anthropic' } });
    expect(failures[0]).toMatchObject({ provider: 'openai', status, billed: 'no' });
  },
);

test('a key that is refused closes its provider at once, and the caller learns nothing about our account', async () => {
  const first = await answering(401, words('Incorrect API key provided: of organization org-secret'));
  const next = await upstream('honest');
  const failures: ProviderFailure[] = [];
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: first.url }, anthropic: { api_key: 'test', base_url: next.anthropic_url } },
    { onProviderFailure: (failure) => failures.push(failure) },
  );
  const caller = bench.caller('PRO', { providers: { text: ['openai', 'anthropic'] } });
  for (let n = 0; n < 3; n++) {
    const answer = await gate.generate(caller, ask('hello', { output_tokens_max: 64 }), PRESENT);
    expect(isRefusal(answer)).toBe(false);
    expect(JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      'org-',
    );
  }
  expect([first.seen.calls, next.requests.length]).toEqual([1, 3]);
  expect(failures).toMatchObject([{ status: 401, words: expect.stringContaining('org-secret') as string }]);
});

test('a provider that limits our rate is told as such, with its wait', async () => {
  const limited = await answering(429, words('slow down'), { 'retry-after': '7' });
  const gate = bench.gate({ openai: { api_key: 'test', base_url: limited.url } });
  const refusal = await gate.generate(bench.caller('PRO'), ask('hello', { model: 'gpt-4o' }), PRESENT);
  expect(refusal).toMatchObject({
    code: 'rate_limited',
    retryAfterSeconds: 7,
    detail: expect.stringContaining('slow down') as string,
  });
});

test('more than may be unresolved of one hour closes its provider, until somebody resolves it', async () => {
  const own = await openGateBench();
  const openai = await upstream('server_error');
  const caller = own.caller('PRO');
  const asked = ask('hello', { model: 'gpt-4o', output_tokens_max: 4000 });
  await own.gate({ openai: { api_key: 'test', base_url: openai.openai_url } }).generate(caller, asked, PRESENT);
  const [one] = await listUnresolved(own.database.pool);
  // Room for two and a half such calls.
  const unresolved_hour_max = money(((one?.cost ?? 0n) * 5n) / 2n, currency('USD'));
  const sold: Catalog = {
    ...own.catalog,
    failed_calls: own.catalog.failed_calls.map((terms) =>
      terms.provider === 'openai' ? { ...terms, unresolved_hour_max } : terms,
    ),
  };
  const routes = new RouteStates();
  const gate = own.gate({ openai: { api_key: 'test', base_url: openai.openai_url } }, { sold, routes });
  const another = own.caller('PRO');
  const big = () => gate.generate(another, asked, PRESENT);
  await big();
  expect(routes.of({ provider: 'openai', model: 'openai/gpt-4o' }, caller.workspace.id).state).toBe('open');
  await big();
  const any = { provider: 'openai', model: 'openai/any' };
  expect(routes.of(any, caller.workspace.id)).toMatchObject({ state: 'closed', reason: 'unresolved' });
  expect(await big()).toMatchObject({ code: 'provider_failed' });
  expect(openai.requests).toHaveLength(3);
  await transaction(own.database.pool, (connection) =>
    resolveUnresolved(connection, own.clock.now(), [{ hold: one?.hold_id ?? newId<'hold'>(), cost: 0n }]),
  );
  await keepWithinBound({ meters: own.meters, clock: own.clock, routes }, sold);
  expect(routes.of(any, caller.workspace.id).state).toBe('open');
  await own.close();
});
