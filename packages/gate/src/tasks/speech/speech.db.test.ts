import { isRefusal } from '@purser/core';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Gate, Spent, SpentEnd, Streamed } from '../../index.ts';
import { type GateBench, keyed, openGateBench, PRESENT } from '../../testing.ts';
import type { SpeechInput, SpeechResult } from './speech-task.ts';

const TEXT = 'The harbor opened in 1887. It closed in 1931.';
const HARBOR: SpeechInput = { text: TEXT, voice: 'alloy', instructions: undefined, speed: undefined, format: 'mp3' };
/** 15 USD a million. */
const CHARACTER = 15_000n;
const SECONDS = 3n;

let bench: GateBench;
let honest: StandIn;
let silent: StandIn;
let away: StandIn;
let cut: StandIn;
let empty: StandIn;
beforeAll(async () => {
  bench = await openGateBench();
  [honest, silent, away, cut, empty] = await Promise.all([
    startStandIn(),
    startStandIn({ misbehaviour: 'no_usage' }),
    startStandIn({ misbehaviour: 'server_error' }),
    startStandIn({ misbehaviour: 'cut_off' }),
    startStandIn({ misbehaviour: 'early_end' }),
  ]);
});
afterAll(async () => {
  expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
  await Promise.all([honest, silent, away, cut, empty].map((standIn) => standIn.close()));
  await bench.close();
});

type Caller = ReturnType<GateBench['caller']>;
const openai = (standIn: StandIn): Gate => bench.gate({ openai: { api_key: 'test', base_url: standIn.openai_url } });
const speak = (gate: Gate, caller: Caller, input: Partial<SpeechInput> = {}, more: object = {}) =>
  gate.spend<SpeechResult>(caller, 'speech', { input: { ...HARBOR, ...input }, model: 'tts-1', ...more }, PRESENT);

async function spoken(
  gate: Gate,
  caller: Caller,
  input: Partial<SpeechInput> = {},
  more: object = {},
): Promise<Spent<SpeechResult>> {
  const answer = await speak(gate, caller, input, more);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return answer;
}

async function streamed(gate: Gate, caller: Caller, more: object = {}): Promise<Streamed<SpentEnd<SpeechResult>>> {
  const request = { input: HARBOR, model: 'tts-1', ...more };
  const parts = await gate.spendStreaming<SpeechResult>(caller, 'speech', request, PRESENT);
  if (isRefusal(parts)) throw new Error(parts.detail);
  return parts;
}

test('a text is spoken as it was asked for, charged by the character, and its seconds are counted', async () => {
  const caller = bench.caller('PRO');
  const answer = await spoken(openai(honest), caller, { speed: 1.5 });
  expect(answer).toMatchObject({
    model: { provider: 'openai', name: 'tts-1' },
    usage: { characters: TEXT.length, seconds: Number(SECONDS) },
    cost: { nanos: BigInt(TEXT.length) * CHARACTER, currency: 'USD' },
  });
  expect(Buffer.from(answer.result.audio ?? []).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfb]));
  const { body } = honest.requests.at(-1) ?? {};
  expect(body).toEqual({ model: 'tts-1', input: TEXT, voice: 'alloy', response_format: 'mp3', speed: 1.5 });
  expect(await bench.metersOf(caller)).toMatchObject({ audio_seconds_month: { used: SECONDS, held: 0n }, jobs: { used: 1n } });
});

test('a model that bills tokens is asked to count them, and billed by its own count; where it keeps silent, by its bound', async () => {
  const caller = bench.caller('BUSINESS');
  const counted = await spoken(openai(honest), caller, { instructions: 'calmly' }, { model: 'gpt-4o-mini-tts' });
  // 12 tokens of text at 0.60 USD, and 60 of sound at 12 USD a million.
  expect(counted).toMatchObject({ usage: { input_tokens: 12, audio_output_tokens: 60 }, cost: { nanos: 727_200n } });
  expect(honest.requests.at(-1)?.body).toMatchObject({ stream_format: 'sse', instructions: 'calmly' });
  const silence = await spoken(openai(silent), caller, {}, { model: 'gpt-4o-mini-tts' });
  const tokens = Math.ceil(TEXT.length / 2) * 32;
  expect(silence.usage).toMatchObject({ output_tokens: tokens });
  expect(silence.cost.nanos).toBeGreaterThanOrEqual(BigInt(tokens) * 12_000n);
});

test('a speech that streams comes in pieces, says its transaction first, and settles to the same', async () => {
  const caller = bench.caller('PRO');
  const parts = await streamed(openai(honest), caller);
  expect(parts.call?.id).toMatch(/^[0-9a-f-]{36}$/u);
  let bytes = 0;
  let end: SpentEnd<SpeechResult> | undefined;
  for await (const part of parts) {
    if (part.type === 'bytes') bytes += part.bytes.length;
    if (part.type === 'end') end = part;
  }
  expect(end?.spent).toMatchObject({ id: parts.call?.id, cost: { nanos: BigInt(TEXT.length) * CHARACTER } });
  expect(end?.spent.result.audio).toHaveLength(bytes);
});

test('a speech that breaks off says so and charges nothing, though some of it was delivered', async () => {
  const caller = bench.caller('PRO');
  const parts = await streamed(openai(cut), caller);
  const types: string[] = [];
  for await (const part of parts) types.push(part.type);
  expect(types.at(-1)).toBe('refusal');
  expect(await bench.metersOf(caller)).toMatchObject({ credits: { used: 0n }, audio_seconds_month: { used: 0n, held: 0n } });
});

test.each([
  ['fails', () => away],
  ['answers no byte', () => empty],
])('a provider that %s charges nothing', async (_what, standIn) => {
  const caller = bench.caller('PRO');
  expect(await speak(openai(standIn()), caller)).toMatchObject({ code: 'provider_failed' });
  expect(await bench.metersOf(caller)).toMatchObject({ credits: { used: 0n }, audio_seconds_month: { used: 0n, held: 0n } });
});

test('a reader that leaves is charged what was sent to be spoken', async () => {
  const caller = bench.caller('PRO');
  const gate = openai(honest);
  for await (const part of await streamed(gate, caller)) if (part.type === 'bytes') break;
  await gate.drain(5_000);
  expect(await bench.metersOf(caller)).toMatchObject({ credits: { used: 1n }, audio_seconds_month: { used: SECONDS, held: 0n } });
});

test('a key gives the same sound again; one too long to be kept is said to be, and is charged once', async () => {
  const caller = bench.caller('PRO');
  const gate = openai(honest);
  const first = await spoken(gate, caller, {}, keyed('k', 'one'));
  const again = await spoken(gate, caller, {}, keyed('k', 'one'));
  expect(again).toMatchObject({ id: first.id, replayed: true });
  expect(Buffer.from(again.result.audio ?? [])).toEqual(Buffer.from(first.result.audio ?? []));
  const long = { text: 'word '.repeat(200), format: 'wav' as const };
  const whole = await spoken(gate, caller, long, keyed('l', 'long'));
  expect(whole.result.audio?.length).toBeGreaterThan(3_000_000);
  expect(await speak(gate, caller, long, keyed('l', 'long'))).toMatchObject({ code: 'limit_reached' });
});

test.each<[string, Partial<SpeechInput>, object, RegExp]>([
  ['nothing to speak', { text: ' ' }, {}, /^input: got an empty text/u],
  ['instructions to a model that takes none', { instructions: 'calmly' }, {}, /^instructions \(openai\/tts-1 does not take it/u],
])('%s is refused by name before anything is held', async (_what, input, more, detail) => {
  const refused = await speak(openai(honest), bench.caller('PRO'), input, more);
  expect(isRefusal(refused) && refused.detail).toMatch(detail);
});

test('thirty-two callers at once hear no more than the quota, to the second', async () => {
  const caller = bench.caller('PRO', { quotas: { audio_seconds_month: 50 } });
  const gate = openai(honest);
  const answers = await Promise.all(Array.from({ length: 32 }, () => speak(gate, caller)));
  const served = answers.filter((answer) => !isRefusal(answer)).length;
  const { audio_seconds_month } = await bench.metersOf(caller);
  expect(audio_seconds_month).toMatchObject({ used: BigInt(served) * SECONDS, held: 0n });
  expect(served).toBeGreaterThan(0);
  expect(audio_seconds_month?.used).toBeLessThanOrEqual(50n);
});
