import { isRefusal } from '@purser/core';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Gate, Spent } from '../../index.ts';
import { type GateBench, keyed, openGateBench, PRESENT } from '../../testing.ts';
import type { ImageInput, ImageResult } from './image-task.ts';

const LIGHTHOUSE: ImageInput = { prompt: 'A lighthouse', count: 2, size: '1024x1024', quality: 'low' };
/** Of gpt-image-1-mini at low quality, and a token of its prompt. */
const EACH = 5_000_000n;
const TOKEN = 2_500n;

let bench: GateBench;
let honest: StandIn;
let silent: StandIn;
let away: StandIn;
beforeAll(async () => {
  bench = await openGateBench();
  [honest, silent, away] = await Promise.all([
    startStandIn(),
    startStandIn({ misbehaviour: 'no_usage' }),
    startStandIn({ misbehaviour: 'server_error' }),
  ]);
});
afterAll(async () => {
  expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
  await Promise.all([honest, silent, away].map((standIn) => standIn.close()));
  await bench.close();
});

type Caller = ReturnType<GateBench['caller']>;
const openai = (standIn: StandIn): Gate => bench.gate({ openai: { api_key: 'test', base_url: standIn.openai_url } });
const draw = (gate: Gate, caller: Caller, input: Partial<ImageInput> = {}, more: object = {}) =>
  gate.spend<ImageResult>(caller, 'image', { input: { ...LIGHTHOUSE, ...input }, ...more }, PRESENT);

async function drawn(
  gate: Gate,
  caller: Caller,
  input: Partial<ImageInput> = {},
  more: object = {},
): Promise<Spent<ImageResult>> {
  const answer = await draw(gate, caller, input, more);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return answer;
}

test('images are drawn as they were asked for, charged by size, quality and prompt, and counted', async () => {
  const caller = bench.caller('PRO');
  const answer = await drawn(openai(honest), caller);
  expect(answer.result.images.map((image) => Buffer.from(image).subarray(1, 4).toString())).toEqual(['PNG', 'PNG']);
  expect(answer).toMatchObject({
    model: { provider: 'openai', name: 'gpt-image-1-mini' },
    usage: { input_tokens: 3, images: [{ size: '1024x1024', quality: 'low', count: 2 }] },
    cost: { nanos: 2n * EACH + 3n * TOKEN, currency: 'USD' },
  });
  expect(honest.requests.at(-1)?.body).toMatchObject({ model: 'gpt-image-1-mini', n: 2, size: '1024x1024', quality: 'low' });
  expect(await bench.metersOf(caller)).toMatchObject({ images_month: { used: 2n, held: 0n }, jobs: { used: 1n } });
});

test('where a provider says nothing of the prompt, its bound is booked and what was drawn is charged', async () => {
  const caller = bench.caller('PRO');
  const answer = await drawn(openai(silent), caller, { count: 1 });
  expect(answer.cost.nanos).toBe(EACH + BigInt(answer.usage.input_tokens) * TOKEN);
  expect(answer.usage.input_tokens).toBeGreaterThanOrEqual('A lighthouse'.length);
  expect(await bench.metersOf(caller)).toMatchObject({ images_month: { used: 1n, held: 0n } });
});

test('fewer are drawn where a quota or the money leaves no more, and none where it leaves nothing', async () => {
  const caller = bench.caller('PRO', { quotas: { images_month: 5 } });
  const gate = openai(honest);
  await drawn(gate, caller);
  const fewer = await drawn(gate, caller, { count: 9 });
  expect(fewer.result.images).toHaveLength(3);
  expect(fewer.degraded).toContainEqual({ what: '3 images instead of 9', why: 'the budget left pays for no more' });
  const refused = await draw(gate, caller, { count: 1 });
  expect(refused).toMatchObject({
    code: 'quota_exceeded',
    detail: expect.stringMatching(/^the plan’s images are used up/u) as string,
  });

  const dear = await drawn(
    gate,
    bench.caller('PRO'),
    { count: 4, quality: 'high' },
    { cost_max: { nanos: 80_000_000n, currency: 'USD' } },
  );
  expect(dear.result.images).toHaveLength(2);
});

test('a provider that fails charges nothing; a key gives the same images again', async () => {
  const caller = bench.caller('PRO');
  expect(await draw(openai(away), caller)).toMatchObject({ code: 'provider_failed' });
  expect(await bench.metersOf(caller)).toMatchObject({ credits: { used: 0n }, images_month: { used: 0n, held: 0n } });
  const gate = openai(honest);
  const first = await drawn(gate, caller, {}, keyed('k', 'two'));
  const again = await drawn(gate, caller, {}, keyed('k', 'two'));
  expect(again).toMatchObject({ id: first.id, replayed: true, credits: first.credits });
  expect(again.result.images.map((image) => Buffer.from(image))).toEqual(first.result.images.map((image) => Buffer.from(image)));
  expect(await bench.metersOf(caller)).toMatchObject({ images_month: { used: 2n } });
});

test('thirty-two callers at once draw no more than the quota, to the image', async () => {
  const caller = bench.caller('PRO', { quotas: { images_month: 41 } });
  const gate = openai(honest);
  await Promise.all(Array.from({ length: 32 }, () => draw(gate, caller, { count: 3 })));
  expect(await bench.metersOf(caller)).toMatchObject({ images_month: { used: 41n, held: 0n } });
});

test.each<[string, Partial<ImageInput>, RegExp]>([
  ['none', { count: 0 }, /^n: got 0 images; want 1 to 10$/u],
  ['too many', { count: 11 }, /^n: got 11 images; want 1 to 10$/u],
  ['no size', { size: 'big' }, /^size: got "big"; want a width and a height such as 1024x1024$/u],
  ['nothing to draw', { prompt: ' ' }, /^prompt: got an empty text/u],
])('%s is refused before anything is held', async (_what, input, detail) => {
  const refused = await draw(openai(honest), bench.caller('PRO'), input);
  expect(isRefusal(refused) && refused.detail).toMatch(detail);
});
