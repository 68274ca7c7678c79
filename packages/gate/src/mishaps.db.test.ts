import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { isRefusal } from '@purser/core';
import { verifyMeters } from '@purser/meters';
import { add, currency, formatAmount, money, parseMoney, PriceBook } from '@purser/money';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Answer, Gate, OpenAiChatBody } from './gate.ts';
import { ask, type GateBench, keyed, openGateBench, PRESENT, SHIPS } from './testing.ts';

/* What went wrong elsewhere, done again at the gate. The title says what happened there; the test shows that it cannot happen. */

let bench: GateBench;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  bench = await openGateBench();
});
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});
afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await bench.close();
});

async function standIn(misbehaviour: Misbehaviour = 'honest', wait_ms = 30): Promise<StandIn> {
  const started = await startStandIn({ misbehaviour, wait_ms });
  closing.push(() => started.close());
  return started;
}
const openai = ({ openai_url }: StandIn, more: Parameters<GateBench['gate']>[1] = {}): Gate =>
  bench.gate({ openai: { api_key: 'test', base_url: openai_url } }, more);
const gpt = (more: object = {}) => ask(SHIPS, { model: 'gpt-4o-mini', output_tokens_max: 100, ...more });
const body = (more: object = {}): OpenAiChatBody => ({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: SHIPS }],
  ...more,
});
const served = (answer: unknown): Answer => {
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer as Answer;
};
type Caller = ReturnType<GateBench['caller']>;
const costOf = async (caller: Caller) => (await bench.metersOf(caller))['cost'];
const expectNothingHeld = async (caller: Caller): Promise<void> => {
  for (const meter of Object.values(await bench.metersOf(caller))) expect([meter.key, meter.held]).toEqual([meter.key, 0n]);
};

describe('admission', () => {
  test('unknown price → no hold; a missing model logged $1.16 for about $185 — here it is refused, and no provider hears of it', async () => {
    const upstream = await standIn();
    const sold = { ...bench.catalog, prices: new PriceBook([]) };
    const caller = bench.caller('PRO');
    for (const answer of [
      await openai(upstream, { sold }).generate(caller, gpt(), PRESENT),
      await openai(upstream, { sold }).chatCompletions(caller, { body: body() }, PRESENT),
      await bench.gate({}, { sold }).generate(caller, ask(SHIPS), PRESENT),
    ]) {
      expect(answer).toMatchObject({ code: 'price_unknown' });
    }
    expect(upstream.requests).toHaveLength(0);
    expect((await costOf(caller))?.used).toBe(0n);
  });

  test('a price that is not yet in force is unknown, not the next one and not zero', async () => {
    const prices = bench.catalog.prices;
    const entry = bench.catalog.models.find(({ name }) => name === 'gpt-4o-mini');
    const known = prices.findByKey(entry?.priceKey ?? '', bench.clock.now());
    if (known === undefined) throw new Error('the price is in the book');
    const later = new PriceBook([{ ...known, from: bench.clock.now().add({ hours: 24 }) }]);
    const gate = openai(await standIn(), { sold: { ...bench.catalog, prices: later } });
    expect(await gate.generate(bench.caller('PRO'), gpt(), PRESENT)).toMatchObject({ code: 'price_unknown' });
  });

  test('tiered and cached rates ignored in the estimate — here the hold is at the dearest tier it can reach, and no discount', async () => {
    const { gemini_url } = await standIn();
    const gate = bench.gate({ gemini: { api_key: 'test', base_url: gemini_url } });
    const caller = bench.caller('PRO', {
      ceiling: { amount: '100', currency: 'EUR' },
      credits_monthly: 100_000,
      request: { credits_max: 10_000, input_chars_max: 1_000_000 },
      quotas: { tokens_month: null },
    });
    const prompt = 'ship '.repeat(45_000);
    const answer = served(await gate.generate(caller, ask(prompt, { model: 'gemini-2.5-pro', output_tokens_max: 10 }), PRESENT));
    const { rows } = await bench.database.pool.query<{ cost: bigint }>('select cost from meters.hold where id = $1', [answer.id]);
    const tokens = BigInt(prompt.length);
    // $2.50 a million above 200,000 tokens, $1.25 below: in nano-dollars a token.
    expect(rows[0]?.cost).toBeGreaterThanOrEqual(tokens * 2_500n);
  });

  test('a fallback model is never checked — here it needs a hold of its own, and without room it is not asked', async () => {
    const bad = await standIn('garbage');
    const good = await standIn();
    const gate = bench.gate({
      gemini: { api_key: 'test', base_url: bad.gemini_url },
      openai: { api_key: 'test', base_url: good.openai_url },
    });
    const roomy = bench.caller('PRO');
    served(await gate.generate(roomy, ask('hello', { output_tokens_max: 64 }), PRESENT));
    expect(good.requests).toHaveLength(1);
    const { rows } = await bench.database.pool.query<{ reported: bigint }>(
      'select reported from meters.hold where workspace_id = $1 order by id limit 1',
      [roomy.workspace.id],
    );
    // Room for one worst case above the reserve: the failed call may have been billed, so its cost stays counted.
    const ceiling = add(parseMoney('0.50', 'EUR'), money((rows[0]?.reported ?? 0n) + 1_000n, currency('EUR')));
    const tight = bench.caller('PRO', { ceiling: { amount: formatAmount(ceiling), currency: 'EUR' } });
    const refusal = await gate.generate(tight, ask('hello', { output_tokens_max: 64 }), PRESENT);
    expect(refusal).toMatchObject({ code: 'provider_failed' });
    expect(good.requests).toHaveLength(1);
    expect((await costOf(tight))?.unreconciled).toBe(rows[0]?.reported);
    const cost = await costOf(tight);
    expect((cost?.used ?? 0n) + (cost?.unreconciled ?? 0n)).toBeLessThanOrEqual(cost?.cap ?? 0n);
    await expectNothingHeld(tight);
  });

  test('a member nobody has bounded — here it is refused by name: n, tiers, searches, hosted tools, what is not known', async () => {
    const upstream = await standIn();
    const gate = openai(upstream);
    const caller = bench.caller('PRO');
    const wrong: [object, RegExp][] = [
      [{ n: 50 }, /^n: got 50/],
      [{ service_tier: 'priority' }, /^service_tier/],
      [{ web_search_options: {} }, /^web_search_options/],
      [{ modalities: ['text', 'audio'] }, /^modalities/],
      [{ best_of: 20 }, /^best_of: not known/],
      [{ plugins: [{ id: 'web' }] }, /^plugins: not known/],
      [{ tools: [{ type: 'web_search' }] }, /^tools\.0/],
      [{ tools: 'all' }, /^tools: want an array/],
      [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///a.png' } }] }] }, /image_url/],
      [{ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, /audio/],
    ];
    for (const [more, detail] of wrong) {
      const refusal = await gate.chatCompletions(caller, { body: body(more) }, PRESENT);
      expect(refusal).toMatchObject({ code: 'invalid_request', detail: expect.stringMatching(detail) as unknown });
    }
    expect(upstream.requests).toHaveLength(0);
  });

  test('the limit that was held for is the limit that is sent, whatever the caller wrote and under whichever name', async () => {
    const upstream = await standIn();
    const gate = openai(upstream);
    const caller = bench.caller('PRO', { request: { output_tokens_max: 50 } });
    for (const more of [
      {},
      { max_tokens: 1_000_000_000 },
      { max_completion_tokens: 1_000_000_000 },
      { max_tokens: 1, max_completion_tokens: 900 },
    ]) {
      const answer = await gate.chatCompletions(caller, { body: body(more) }, PRESENT);
      expect(isRefusal(answer)).toBe(false);
      const sent = upstream.requests.at(-1)?.body;
      expect([sent?.['max_completion_tokens'], sent?.['max_tokens']]).toEqual([50, undefined]);
    }
    await gate.settled(2_000);
  });

  test('characters whose normal form grows are held for at the size they may grow to', async () => {
    const upstream = await standIn();
    const caller = bench.caller('PRO');
    const short = served(
      await openai(upstream).generate(caller, gpt({ messages: [{ role: 'user', content: 'x'.repeat(30) }] }), PRESENT),
    );
    const long = served(
      await openai(upstream).generate(caller, gpt({ messages: [{ role: 'user', content: 'ﷺ'.repeat(30) }] }), PRESENT),
    );
    const { rows } = await bench.database.pool.query<{ id: string; cost: bigint }>(
      'select id, cost from meters.hold where id = any($1)',
      [[short.id, long.id]],
    );
    const held = new Map(rows.map(({ id, cost }) => [id, cost]));
    // 33 bytes each instead of one; $0.15 a million input tokens.
    expect((held.get(long.id) ?? 0n) - (held.get(short.id) ?? 0n)).toBeGreaterThanOrEqual(30n * 32n * 150n);
  });
});

describe('settlement', () => {
  test('client disconnects before the first byte, nothing billed — here what the provider did is booked', async () => {
    for (const door of ['generate', 'stream', 'chat'] as const) {
      const caller = bench.caller('PRO');
      const gate = openai(await standIn('slow', 150));
      const client = new AbortController();
      setTimeout(() => client.abort(), 40);
      if (door === 'generate') await gate.generate(caller, gpt(), client.signal);
      else if (door === 'stream') {
        const parts = await gate.stream(caller, gpt(), client.signal);
        if (!isRefusal(parts)) await parts[Symbol.asyncIterator]().return?.();
      } else {
        const answer = await gate.chatCompletions(caller, { body: body({ stream: true }) }, client.signal);
        if (!isRefusal(answer) && answer.kind === 'stream') await answer.chunks[Symbol.asyncIterator]().return?.();
      }
      await gate.drain(3_000);
      const cost = await costOf(caller);
      expect([door, (cost?.used ?? 0n) + (cost?.unreconciled ?? 0n) > 0n]).toEqual([door, true]);
      await expectNothingHeld(caller);
    }
  });

  test('client disconnects in the middle, partial rows at $0 — here the drain learns the usage, and the key keeps the whole answer', async () => {
    const caller = bench.caller('PRO');
    const gate = openai(await standIn('drip', 10));
    const parts = await gate.stream(caller, gpt(keyed('left', 'a')), PRESENT);
    if (isRefusal(parts)) throw new Error(parts.detail);
    for await (const part of parts) if (part.type === 'text') break;
    await gate.drain(3_000);
    const meters = await bench.metersOf(caller);
    expect(meters['cost']?.used).toBeGreaterThan(0n);
    expect(meters['credits']?.used).toBeGreaterThan(0n);
    await expectNothingHeld(caller);
    const again = served(await openai(await standIn()).generate(caller, gpt(keyed('left', 'a')), PRESENT));
    expect([again.replayed, again.output.length > 0]).toEqual([true, true]);
    expect((await bench.metersOf(caller))['jobs']?.used).toBe(1n);
  });

  test('client disconnects after the last byte: it is an ordinary call', async () => {
    const caller = bench.caller('PRO');
    const gate = openai(await standIn());
    const client = new AbortController();
    const answer = await gate.chatCompletions(caller, { body: body({ stream: true }) }, client.signal);
    if (isRefusal(answer) || answer.kind !== 'stream') throw new Error('want a stream');
    let text = '';
    for await (const chunk of answer.chunks) text += Buffer.from(chunk).toString();
    client.abort();
    await gate.drain(3_000);
    expect(text).toContain('[DONE]');
    const { rows } = await bench.database.pool.query('select outcome from ledger.attempt where workspace_id = $1', [
      caller.workspace.id,
    ]);
    expect(rows).toEqual([{ outcome: 'ok' }]);
  });

  test.for(['stream', 'chat'] as const)(
    'a client that never reads (%s) — here its call ends with its time, is charged, and a late reader is told',
    async (door) => {
      const caller = bench.caller('PRO');
      const gate = openai(await standIn('drip', 5), { call_timeout_ms: 600 });
      const next = await begin(gate, caller, door);
      await next();
      await expect.poll(async () => (await costOf(caller))?.held, { timeout: 10_000 }).toBe(0n);
      const meters = await bench.metersOf(caller);
      expect(meters['cost']?.used).toBeGreaterThan(0n);
      expect(meters['credits']?.used).toBeGreaterThan(0n);
      await expectNothingHeld(caller);
      expect(JSON.stringify(await next())).toContain('provider_timeout');
      expect(await next()).toBeUndefined();
      await gate.drain(1_000);
    },
  );

  async function begin(gate: Gate, caller: Caller, door: 'stream' | 'chat'): Promise<() => Promise<unknown>> {
    if (door === 'stream') {
      const parts = await gate.stream(caller, gpt(), PRESENT);
      if (isRefusal(parts)) throw new Error(parts.detail);
      const iterator = parts[Symbol.asyncIterator]();
      return async () => ((await iterator.next()) as IteratorYieldResult<unknown>).value;
    }
    const answer = await gate.chatCompletions(caller, { body: body({ stream: true }) }, PRESENT);
    if (isRefusal(answer) || answer.kind !== 'stream') throw new Error('want a stream');
    const iterator = answer.chunks[Symbol.asyncIterator]();
    return async () => {
      const next = await iterator.next();
      return next.done === true ? undefined : Buffer.from(next.value).toString();
    };
  }

  test('a call that failed and was billed: its cost is booked, the customer pays nothing, and the key serves when it is used again', async () => {
    const failing = bench.gate({ openai: { api_key: 'test', base_url: await billedFailure() } });
    const caller = bench.caller('PRO');
    const parts = await failing.stream(caller, gpt(keyed('k', 'a')), PRESENT);
    if (isRefusal(parts)) throw new Error(parts.detail);
    const seen: string[] = [];
    for await (const part of parts) seen.push(part.type);
    expect(seen).toEqual(['text', 'refusal']);
    const meters = await bench.metersOf(caller);
    expect([meters['credits']?.used, meters['cost']?.unreconciled]).toEqual([0n, 0n]);
    expect(meters['cost']?.used).toBeGreaterThan(0n);
    const answer = served(await openai(await standIn()).generate(caller, gpt(keyed('k', 'a')), PRESENT));
    expect(answer.replayed).toBe(false);
    await expectNothingHeld(caller);
  });

  test('a provider that writes three times what was asked, at a price that makes it felt: no more is charged than was held', async () => {
    const entry = bench.catalog.models.find(({ name }) => name === 'gpt-4o-mini');
    const listed = bench.catalog.prices.findByKey(entry?.priceKey ?? '', bench.clock.now());
    if (listed === undefined) throw new Error('the price is in the book');
    const dear = new PriceBook([{ ...listed, units: { input_token: 0n, output_token: 10n ** 20n }, tiers: [] }]);
    const gate = openai(await standIn('too_many_tokens'), { sold: { ...bench.catalog, prices: dear } });
    const caller = bench.caller('PRO');
    // A ten-thousandth of a dollar a token: a hundred are one credit, and three hundred are delivered.
    const answer = served(await gate.generate(caller, gpt(), PRESENT));
    const meters = await bench.metersOf(caller);
    expect(meters['cost']?.overrun).toBeGreaterThan(0n);
    expect(answer.credits.charged).toBe(1n);
    expect(meters['credits']?.used).toBe(1n);
  });

  test('absurd usage beyond what a counter holds is unresolved or a bound, never a settle that fails for ever', async () => {
    const caller = bench.caller('PRO');
    for (const usage of [
      { prompt_tokens: 1e15, completion_tokens: 1e15 },
      { prompt_tokens: 1_000_000_000, completion_tokens: 1_000_000_000 },
    ]) {
      const gate = bench.gate({ openai: { api_key: 'test', base_url: await upstreamWith(usage) } });
      const answer = await gate.chatCompletions(caller, { body: body() }, PRESENT);
      expect(isRefusal(answer)).toBe(false);
      await gate.settled(2_000);
      await expectNothingHeld(caller);
    }
    const cost = await costOf(caller);
    expect((cost?.used ?? 0n) + (cost?.overrun ?? 0n)).toBeGreaterThan(0n);
  });

  test('a month ends while a call is under way: it is booked in the window it was held in, and the next has its own', async () => {
    const own = await openGateBench();
    const upstream = await standIn('slow', 120);
    const caller = own.caller('PRO');
    const held = Promise.withResolvers<void>();
    const pause = async (point: string): Promise<void> => {
      if (point === 'after hold') held.resolve();
    };
    const gate = own.gate({ openai: { api_key: 'test', base_url: upstream.openai_url } }, { pause });
    const before = await own.metersOf(caller);
    const answer = gate.generate(caller, gpt(), PRESENT);
    await held.promise;
    own.clock.moveTo(own.clock.now().add({ hours: 24 * 31 }));
    served(await answer);
    const [cost] = await own.meters.read([before['cost']].filter((meter) => meter !== undefined));
    expect(cost?.used).toBeGreaterThan(0n);
    expect((await own.metersOf(caller))['cost']).toMatchObject({ used: 0n, held: 0n });
    served(await gate.generate(caller, gpt(), PRESENT));
    expect((await own.metersOf(caller))['jobs']?.used).toBe(1n);
    await own.close();
  });
});

/** An upstream that reports this usage with its answer. */
async function upstreamWith(usage: object): Promise<string> {
  return serve((stream) => {
    const choice = stream ? { delta: { content: 'Hi' } } : { message: { role: 'assistant', content: 'Hi' } };
    const whole = {
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-4o-mini',
      choices: [{ index: 0, finish_reason: 'stop', ...choice }],
      usage,
    };
    return JSON.stringify(whole);
  });
}

/** An upstream whose stream turns into an error, and says what it bills all the same. */
async function billedFailure(): Promise<string> {
  const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini' };
  const delta = { role: 'assistant', content: 'Ships' };
  const events = [
    { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
    { error: { message: 'the model is gone', type: 'server_error', param: null, code: null } },
    { ...chunk, choices: [], usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 } },
  ];
  return listen((_, response) => {
    response.setHeader('content-type', 'text/event-stream');
    response.end(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`);
  });
}

async function serve(answer: (stream: boolean) => string): Promise<string> {
  return listen((text, response) => {
    const { stream } = JSON.parse(text) as { stream?: boolean };
    response.setHeader('content-type', 'application/json');
    response.end(answer(stream === true));
  });
}

async function listen(answer: (body: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => answer(text, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
