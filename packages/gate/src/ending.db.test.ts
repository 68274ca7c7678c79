import { isRefusal } from '@purser/core';
import { verifyMeters } from '@purser/meters';
import { CUT, type Scripted, type ScriptedUpstream, startScripted } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { ask, type GateBench, openGateBench, PRESENT, SHIPS } from './testing.ts';

/* How calls end when a provider does not say what they cost, through every endpoint that can stream. */

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

const MODEL = 'gpt-4o-mini';
const LIMIT = 1_000;
/** Nano-dollars a token of gpt-4o-mini, as its price list says. */
const [INPUT, OUTPUT] = [150n, 600n];

const event = (choices: unknown, usage?: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: MODEL, choices, ...(usage && { usage }) })}\n\n`;
const role = event([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
const text = (content: string, usage?: object): string => event([{ index: 0, delta: { content }, finish_reason: null }], usage);
const stop = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
const DONE = 'data: [DONE]\n\n';
const reasons = { repeat: ': keep-alive\n\n', every_ms: 20 };
const under_way = { prompt_tokens: 40, completion_tokens: 3, total_tokens: 43 };
const last = { prompt_tokens: 40, completion_tokens: 900, total_tokens: 940 };
const bill = 40n * INPUT + 900n * OUTPUT;

async function upstream(play: readonly Scripted[]): Promise<ScriptedUpstream> {
  const started = await startScripted({ play });
  closing.push(() => started.close());
  return started;
}

type Endpoint = 'stream' | 'chat';
const ENDPOINTS: readonly Endpoint[] = ['stream', 'chat'];
type Caller = ReturnType<GateBench['caller']>;

/** Streams a call; `leaves` says after which of its parts the reader goes, or after how many milliseconds. */
async function call(endpoint: Endpoint, caller: Caller, play: readonly Scripted[], leaves: 'first part' | number | 'never') {
  const { origin } = await upstream(play);
  const gate = bench.gate({ openai: { api_key: 'test', base_url: `${origin}/v1` } });
  const client = new AbortController();
  const { signal } = typeof leaves === 'number' ? client : { signal: PRESENT };
  if (typeof leaves === 'number') setTimeout(() => client.abort(), leaves);
  const parts = await begin(gate, endpoint, caller, signal);
  if (!isRefusal(parts)) {
    for await (const _ of parts) if (leaves === 'first part' || signal.aborted) break;
  }
  await gate.drain(5_000);
  await gate.settled(5_000);
}

async function begin(gate: ReturnType<GateBench['gate']>, endpoint: Endpoint, caller: Caller, signal: AbortSignal) {
  if (endpoint === 'stream') return gate.stream(caller, ask(SHIPS, { model: MODEL, output_tokens_max: LIMIT }), signal);
  const messages = [{ role: 'user', content: SHIPS }];
  const body = { model: MODEL, messages, stream: true, max_tokens: LIMIT };
  const answer = await gate.chatCompletions(caller, { body }, signal);
  if (isRefusal(answer)) return answer;
  if (answer.kind !== 'stream') throw new Error('want a stream');
  return answer.chunks;
}

/** What became of the caller's only call. */
async function ended(caller: Caller) {
  const { rows } = await bench.database.pool.query<{ state: string; held: bigint; cost: bigint | null; usage: object | null }>(
    `select h.state::text, h.cost as held, a.cost, a.usage from meters.hold h
     left join ledger.attempt a on a.hold_id = h.id where h.workspace_id = $1`,
    [caller.workspace.id],
  );
  expect(rows).toHaveLength(1);
  const meters = await bench.metersOf(caller);
  const credits = meters['credits']?.used ?? 0n;
  for (const { key, held } of Object.values(meters)) expect([key, held]).toEqual([key, 0n]);
  return { ...rows[0]!, credits };
}

describe.each(ENDPOINTS)('a call whose final usage never comes, through %s', (endpoint) => {
  test('its reader leaves while the model reasons unseen: the worst case stays unresolved, and nothing is charged', async () => {
    const caller = bench.caller('PRO');
    await call(endpoint, caller, [role, reasons], 150);
    expect(await ended(caller)).toMatchObject({ state: 'expired', cost: null, credits: 0n });
    expect((await bench.metersOf(caller))['cost']?.unreconciled).toBeGreaterThan(0n);
  });

  test('its reader leaves after a word: the cost of the output limit that was sent is booked, and the least is charged', async () => {
    const caller = bench.caller('PRO');
    await call(endpoint, caller, [role, text('Ships'), reasons], 'first part');
    const { state, cost, held, credits, usage } = await ended(caller);
    expect({ state, cost, usage }).toMatchObject({
      state: 'settled',
      cost: held,
      usage: { output_tokens: LIMIT, estimated: true },
    });
    expect(cost).toBeGreaterThanOrEqual(BigInt(LIMIT) * OUTPUT);
    expect(credits).toBe(1n);
  });

  test('usage reported under way is a lower bound, never the bill', async () => {
    const caller = bench.caller('PRO');
    await call(endpoint, caller, [role, text('Ships', under_way), event([], under_way), reasons], 'first part');
    const { state, cost, held } = await ended(caller);
    expect({ state, cost }).toEqual({ state: 'settled', cost: held });
  });

  test.each([
    ['its connection is cut', [role, text('Ships', under_way), CUT]],
    ['it turns into an error', [role, text('Ships', under_way), 'data: {"error":{"message":"gone","type":"server_error"}}\n\n']],
    ['it ends without its last word', [role, text('Ships', under_way), stop]],
    ['its time is over', [role, text('Ships', under_way), reasons]],
  ] as const)('%s: the worst case stays unresolved, and nothing is charged', async (_, play) => {
    const caller = bench.caller('PRO');
    await call(endpoint, caller, play, 'never');
    expect(await ended(caller)).toMatchObject({ state: 'expired', cost: null, credits: 0n });
  });

  test('a lower bound above the worst case is booked all the same', async () => {
    const caller = bench.caller('PRO');
    const beyond = { prompt_tokens: 40, completion_tokens: 5_000, total_tokens: 5_040 };
    await call(endpoint, caller, [role, text('Ships', beyond), CUT], 'never');
    expect(await ended(caller)).toMatchObject({ state: 'settled', cost: 40n * INPUT + 5_000n * OUTPUT, credits: 0n });
  });
});

describe.each(ENDPOINTS)('a call whose final usage comes, through %s', (endpoint) => {
  test.each([
    ['whole', [role, text('Ships', under_way), stop, event([], last), DONE], 'never', 1n],
    ['while its reader is gone', [role, text('Ships', under_way), 60, stop, event([], last), DONE], 'first part', 1n],
    ['and then an error', [role, text('Ships'), stop, event([], last), 'data: {"error":{"message":"gone"}}\n\n'], 'never', 0n],
    ['and then its connection is cut', [role, text('Ships'), stop, event([], last), CUT], 'never', 0n],
    ['and no last word', [role, text('Ships'), stop, event([], last)], 'never', 0n],
    ['and no last word, its reader gone', [role, text('Ships'), 60, stop, event([], last), reasons], 'first part', 1n],
  ] as const)('%s: it is the bill to the nano', async (_, play, leaves, credits) => {
    const caller = bench.caller('PRO');
    await call(endpoint, caller, play, leaves);
    expect(await ended(caller)).toMatchObject({ state: 'settled', cost: bill, credits });
  });
});
