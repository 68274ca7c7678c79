import { isRefusal } from '@purser/core';
import { verifyMeters } from '@purser/meters';
import { type BilledShape, startScripted, startStandIn, VENDOR_SHAPES, type VendorShape } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT, SHIPS } from './testing.ts';

/* Every answer that the vendors document or were seen to give, through every endpoint: what the caller is told, and what it costs. */

let bench: GateBench;
beforeAll(async () => {
  bench = await openGateBench();
});
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});
afterAll(() => bench.close());

const MODELS = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', gemini: 'gemini-2.5-flash' } as const;
/** Nano-dollars apiece, read from the vendors' price lists by hand: not through the code under test. */
const PRICES: Record<VendorShape['vendor'], Record<string, bigint>> = {
  openai: { input: 150n, cached: 75n, output: 600n },
  anthropic: { input: 1_000n, cached: 100n, written: 1_250n, written_1h: 2_000n, output: 5_000n, searches: 10_000_000n },
  gemini: { input: 300n, cached: 30n, audio: 1_000n, output: 2_500n },
};
const PRIORITY: Record<string, bigint> = { input: 250n, cached: 125n, output: 1_000n };

function nanosOf(vendor: VendorShape['vendor'], { tier, ...counts }: BilledShape): bigint {
  const prices = tier === 'priority' ? PRIORITY : PRICES[vendor];
  return Object.entries(counts).reduce((sum, [unit, count]) => sum + BigInt(count) * (prices[unit] ?? 0n), 0n);
}

/** What a caller was told: a text and why it ended, a refusal, or a text that broke off. */
interface Told {
  readonly text: string;
  readonly finish?: string;
  readonly failed?: true;
}

type Endpoint = (gate: Gate, caller: ReturnType<GateBench['caller']>, model: string) => Promise<Told>;
const LIMIT = 500;
const wanted = (model: string) => ask(SHIPS, { model, output_tokens_max: LIMIT });
const body = (model: string, stream: boolean) => ({
  body: { model, stream, max_tokens: LIMIT, messages: [{ role: 'user', content: SHIPS }] },
});

async function chatStream(...[gate, caller, model]: Parameters<Endpoint>): Promise<Told> {
  const answer = await gate.chatCompletions(caller, body(model, true), PRESENT);
  if (isRefusal(answer)) return { text: '', failed: true };
  if (answer.kind === 'whole') throw new Error('came whole');
  let bytes = '';
  for await (const chunk of answer.chunks) bytes += Buffer.from(chunk).toString();
  return readEvents(bytes);
}

const ENDPOINTS: Record<string, { readonly streams: boolean; readonly call: Endpoint }> = {
  generate: {
    streams: false,
    async call(gate, caller, model) {
      const answer = await gate.generate(caller, wanted(model), PRESENT);
      return isRefusal(answer) ? { text: '', failed: true } : { text: answer.output, finish: answer.finish };
    },
  },
  stream: {
    streams: true,
    async call(gate, caller, model) {
      const parts = await gate.stream(caller, wanted(model), PRESENT);
      if (isRefusal(parts)) return { text: '', failed: true };
      let text = '';
      for await (const part of parts) {
        if (part.type === 'text') text += part.text;
        else if (part.type === 'refusal') return { text, failed: true };
        else if (part.type === 'end') return { text, finish: part.answer.finish };
      }
      throw new Error('a stream without an end');
    },
  },
  chat: {
    streams: false,
    async call(gate, caller, model) {
      const answer = await gate.chatCompletions(caller, body(model, false), PRESENT);
      if (isRefusal(answer)) return { text: '', failed: true };
      if (answer.kind === 'stream') throw new Error('came as a stream');
      const { choices } = JSON.parse(Buffer.from(answer.body).toString()) as {
        choices: { message: { content: string | null }; finish_reason: string }[];
      };
      return { text: choices[0]?.message.content ?? '', finish: choices[0]?.finish_reason ?? '' };
    },
  },
  'chat stream': { streams: true, call: chatStream },
  'chat stream, of a provider that answers in one piece': { streams: false, call: chatStream },
};

function readEvents(bytes: string): Told {
  let text = '';
  let finish: string | undefined;
  for (const line of bytes.split(/\r?\n/u)) {
    if (!line.startsWith('data: ')) continue;
    if (line === 'data: [DONE]') return { text, ...(finish === undefined ? {} : { finish }) };
    const event = JSON.parse(line.slice(6)) as {
      error?: unknown;
      choices: { delta: { content?: string | null }; finish_reason: string | null }[];
    };
    if (event.error !== undefined) return { text, failed: true };
    expect(event.choices, 'no event that was not asked for').not.toEqual([]);
    text += event.choices[0]?.delta.content ?? '';
    finish = event.choices[0]?.finish_reason ?? finish;
  }
  throw new Error('a stream without its last word');
}

async function ended(caller: ReturnType<GateBench['caller']>) {
  const { rows } = await bench.database.pool.query<{
    state: string;
    worst: bigint;
    cost: bigint | null;
    unpriced: string | null;
  }>(
    `select h.state::text, h.cost as worst, a.cost, a.usage ->> 'unpriced' as unpriced
     from meters.hold h left join ledger.attempt a on a.hold_id = h.id where h.workspace_id = $1`,
    [caller.workspace.id],
  );
  expect(rows).toHaveLength(1);
  const meters = await bench.metersOf(caller);
  for (const { key, held } of Object.values(meters)) expect([key, held]).toEqual([key, 0n]);
  return { ...rows[0]!, credits: meters['credits']?.used ?? 0n };
}

function expectBill({ vendor, outcome, billed }: VendorShape, end: Awaited<ReturnType<typeof ended>>): void {
  const { state, cost, worst, unpriced, credits } = end;
  if (billed === 'none') expect({ state, cost }).toEqual({ state: 'voided', cost: null });
  else if (billed === 'unknown' && outcome !== 'answer') expect({ state, cost }).toEqual({ state: 'expired', cost: null });
  else if (typeof billed === 'string') {
    expect({ state, cost, unpriced: unpriced !== null }).toEqual({
      state: 'settled',
      cost: worst,
      unpriced: billed === 'unpriced',
    });
  } else expect({ state, cost }).toEqual({ state: 'settled', cost: nanosOf(vendor, billed) });
  expect(credits > 0n, 'only an answer with something in it is charged').toBe(outcome === 'answer');
}

describe.each(Object.entries(ENDPOINTS))('through %s', (_, { streams, call }) => {
  const shapes = VENDOR_SHAPES.filter(({ stream, whole }) => (streams ? stream : whole) !== undefined);
  test.each(shapes.map((shape) => [shape.vendor, shape.name, shape] as const))('%s, %s', async (vendor, __, shape) => {
    const answer = (streams ? shape.stream : shape.whole) ?? '';
    const content_type = streams ? 'text/event-stream' : 'application/json';
    const upstream = await startScripted({ content_type, play: [answer] });
    const base_url = `${upstream.origin}/${vendor === 'gemini' ? 'v1beta' : 'v1'}`;
    const gate = bench.gate({ [vendor]: { api_key: 'test', base_url } });
    const caller = bench.caller('PRO');
    const told = await call(gate, caller, MODELS[vendor]);
    await gate.settled(5_000);
    await upstream.close();
    const { outcome, text, finish } = shape;
    if (outcome === 'failed' || outcome === 'broken') expect(told).toEqual({ text, failed: true });
    else expect(told).toEqual({ text, finish });
    expectBill(shape, await ended(caller));
  });
});

describe('what is not priced is not asked for', () => {
  const messages = [{ role: 'user', content: SHIPS }];
  const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };

  test('OpenAI is asked for its standard service tier, whatever a project’s default is and whether the caller said so', async () => {
    const upstream = await startStandIn();
    const gate = bench.gate({ openai: { api_key: 'test', base_url: upstream.openai_url } });
    const caller = bench.caller('PRO');
    for (const service_tier of [undefined, null, 'auto', 'default']) {
      const answer = await gate.chatCompletions(caller, { body: { model: MODELS.openai, messages, service_tier } }, PRESENT);
      expect(isRefusal(answer)).toBe(false);
      expect(upstream.requests.at(-1)?.body['service_tier']).toBe('default');
    }
    expect(isRefusal(await gate.generate(caller, wanted(MODELS.openai), PRESENT))).toBe(false);
    expect(upstream.requests.at(-1)?.body['service_tier']).toBe('default');
    await gate.settled(5_000);
    await upstream.close();
  });

  test.each<[string, object, RegExp]>([
    ['another service tier', { service_tier: 'flex' }, /^service_tier: /],
    ['searches', { web_search_options: {} }, /^web_search_options: /],
    ['sound', { modalities: ['text', 'audio'] }, /^modalities: /],
    [
      'a cache of an hour in a part',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', ...hour }] }] },
      /cache_control/,
    ],
    ['a cache of an hour on a message', { messages: [{ role: 'system', content: 'a', ...hour }] }, /cache_control/],
    [
      'a cache of an hour on a tool',
      { tools: [{ type: 'function', function: { name: 'f' }, ...hour }] },
      /^tools\.0: cache_control/,
    ],
  ])('%s is refused by name, and no provider hears of it', async (_, more, detail) => {
    const upstream = await startStandIn();
    const gate = bench.gate({ openai: { api_key: 'test', base_url: upstream.openai_url } });
    const refusal = await gate.chatCompletions(
      bench.caller('PRO'),
      { body: { model: MODELS.openai, messages, ...more } },
      PRESENT,
    );
    expect(refusal).toMatchObject({ code: 'invalid_request', detail: expect.stringMatching(detail) as unknown });
    expect(upstream.requests).toHaveLength(0);
    await upstream.close();
  });
});
