import { isRefusal } from '@purser/core';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import type { CallReport, Gate } from './index.ts';
import { ask, type GateBench, keyed, openGateBench, PRESENT, SHIPS } from './testing.ts';

/* Each call is told to the figures once, when it has ended, whatever it was and however it ended. */

let bench: GateBench;
let standIns: Readonly<Record<'honest' | 'drip' | 'away' | 'breaks', StandIn>>;
beforeAll(async () => {
  bench = await openGateBench();
  const [honest, drip, away, breaks] = await Promise.all([
    startStandIn(),
    startStandIn({ misbehaviour: 'drip', wait_ms: 40 }),
    startStandIn({ misbehaviour: 'server_error' }),
    startStandIn({ misbehaviour: 'error_in_stream' }),
  ]);
  standIns = { honest, drip, away, breaks };
});
afterAll(async () => {
  await Promise.all(Object.values(standIns).map((standIn) => standIn.close()));
  await bench.close();
});

let told: CallReport[];
beforeEach(() => {
  told = [];
});

function gateTo(standIn: keyof typeof standIns): Gate {
  return bench.gate(
    { openai: { api_key: 'test', base_url: standIns[standIn].openai_url } },
    { observe: (report) => told.push(report) },
  );
}

const figures = () =>
  told.map(({ task, operation, outcome, bill, first_part_ms }) => [
    `${task} ${operation}`,
    outcome,
    bill === undefined ? 'nothing booked' : bill.charged > 0n ? 'charged' : 'booked',
    first_part_ms === undefined ? 'whole' : 'streamed',
  ]);

const model = { model: 'gpt-4o-mini' };
const body = { ...model, messages: [{ role: 'user', content: SHIPS }] };

async function readAll(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of parts) continue;
}

test('a call that is answered is told with what it was charged: plain at each endpoint, streamed when its stream has ended', async () => {
  const gate = gateTo('honest');
  const caller = bench.caller('PRO');
  await gate.generate(caller, ask(SHIPS, model), PRESENT);
  await gate.chatCompletions(caller, { body }, PRESENT);
  const parts = await gate.stream(caller, ask(SHIPS, model), PRESENT);
  const passed = await gate.chatCompletions(caller, { body: { ...body, stream: true } }, PRESENT);
  expect(told).toHaveLength(2);
  if (isRefusal(parts) || isRefusal(passed) || passed.kind !== 'stream') throw new Error('both are served');
  await readAll(parts);
  await readAll(passed.chunks);
  await gate.settled(2_000);
  expect(figures()).toEqual([
    ['text chat', 'ok', 'charged', 'whole'],
    ['text chat', 'ok', 'charged', 'whole'],
    ['text chat', 'ok', 'charged', 'streamed'],
    ['text chat', 'ok', 'charged', 'streamed'],
  ]);
  for (const { duration_ms, first_part_ms = 0 } of told) expect(duration_ms).toBeGreaterThanOrEqual(first_part_ms);
});

test('a stream that its reader leaves is told when its drain has ended, with its bill', async () => {
  const gate = gateTo('drip');
  const caller = bench.caller('PRO');
  const parts = await gate.stream(caller, ask(SHIPS, model), PRESENT);
  if (isRefusal(parts)) throw new Error('it is served');
  for await (const _ of parts) break;
  await expect.poll(figures).toEqual([['text chat', 'ok', 'charged', 'streamed']]);
});

test('a call that a provider fails is told once with the refusal, a stream that breaks off too', async () => {
  await gateTo('away').generate(bench.caller('PRO'), ask(SHIPS, model), PRESENT);
  expect(figures()).toEqual([['text chat', 'provider_failed', 'nothing booked', 'whole']]);
  const gate = gateTo('breaks');
  for (const stream of [
    async () => gate.stream(bench.caller('PRO'), ask(SHIPS, model), PRESENT),
    async () => {
      const answer = await gate.chatCompletions(bench.caller('PRO'), { body: { ...body, stream: true } }, PRESENT);
      return isRefusal(answer) || answer.kind !== 'stream' ? answer : answer.chunks;
    },
  ]) {
    told = [];
    const parts = await stream();
    if (!isRefusal(parts) && Symbol.asyncIterator in parts) await readAll(parts);
    await expect.poll(() => told.map(({ outcome }) => outcome)).toEqual(['provider_failed']);
  }
});

test('what is refused before a provider is chosen, what is answered again under its key and what is not admitted are told once each', async () => {
  const gate = gateTo('honest');
  const caller = bench.caller('PRO', { quotas: { jobs_day: 1 } });
  await gate.generate(caller, { ...ask(SHIPS), operation: 'dance' }, PRESENT);
  await gate.generate(caller, ask(SHIPS, { ...model, ...keyed('k', SHIPS) }), PRESENT);
  await gate.generate(caller, ask(SHIPS, { ...model, ...keyed('k', SHIPS) }), PRESENT);
  await gate.generate(caller, ask(SHIPS, model), PRESENT);
  expect(figures()).toEqual([
    ['text dance', 'invalid_request', 'nothing booked', 'whole'],
    ['text chat', 'ok', 'charged', 'whole'],
    ['text chat', 'ok', 'nothing booked', 'whole'],
    ['text chat', 'quota_exceeded', 'nothing booked', 'whole'],
  ]);
});
