import { isRefusal } from '@purser/core';
import type { Catalog } from '@purser/catalog';
import { type ModelPrice, PriceBook } from '@purser/money';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { RouteStates } from '@purser/routing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

/* Calls under way may come to more than is held for them: up to what their model can write. */

let bench: GateBench;
let upstream: StandIn;
beforeAll(async () => {
  bench = await openGateBench();
  upstream = await startStandIn({ misbehaviour: 'slow', wait_ms: 400 });
});
afterAll(async () => {
  await upstream.close();
  await bench.close();
});

/** A thousandth of a dollar a token: a whole answer of gpt-4o-mini, 16,384 tokens, is $1.6384, and € 1.57089792 with the buffer. */
function dear(): Catalog {
  const entry = bench.catalog.models.find(({ name }) => name === 'gpt-4o-mini');
  const listed = bench.catalog.prices.findByKey(entry?.priceKey ?? '', bench.clock.now());
  if (listed === undefined) throw new Error('gpt-4o-mini has a price');
  const { service_tiers: _, ...rest } = listed;
  const price: ModelPrice = { ...rest, units: { input_token: 0n, output_token: 10n ** 20n }, tiers: [] };
  return { ...bench.catalog, prices: new PriceBook([price]) };
}

function gateOf(base_url = upstream.openai_url) {
  return bench.gate(
    { openai: { api_key: 'test', base_url } },
    { sold: dear(), routes: new RouteStates({ limits: { overrun_closed_ms: 1, workspace_closed_ms: 1 } }) },
  );
}

const short = ask('x', { model: 'gpt-4o-mini', output_tokens_max: 100 });

test('F1: of 100 calls at once to a model whose answers may come to €1.57, eight fit a ceiling of €13.59; the others are told to wait', async () => {
  const gate = gateOf();
  const caller = bench.caller('PRO', { concurrency: 200, rate: { rps: 10_000, rpm: 100_000, burst: 10_000 } });
  const answers = await Promise.all(Array.from({ length: 100 }, () => gate.generate(caller, short, PRESENT)));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(8);
  const refused = answers.filter(isRefusal);
  for (const refusal of refused) {
    expect(refusal).toMatchObject({ code: 'concurrency_exceeded', retryAfterSeconds: 1 });
    expect(refusal.detail).toMatch(
      /^the plan’s cost ceiling does not leave enough for this call on openai\/gpt-4o-mini; it may cost 1\.57089792 EUR, and /,
    );
  }
  expect(isRefusal(await gate.generate(caller, short, PRESENT))).toBe(false);
});

test('F1: however many of them overrun at once, no more is spent than the ceiling', async () => {
  const overrunning = await startStandIn({ misbehaviour: 'too_many_tokens' });
  const gate = gateOf(overrunning.openai_url);
  const caller = bench.caller('PRO', { concurrency: 200, rate: { rps: 10_000, rpm: 100_000, burst: 10_000 } });
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      Array.from({ length: 40 }, () =>
        gate.generate(caller, ask('x', { model: 'gpt-4o-mini', output_tokens_max: 2_000 }), PRESENT),
      ),
    );
  }
  const cost = (await bench.metersOf(caller))['cost'];
  expect(cost?.overrun).toBeGreaterThan(0n);
  expect((cost?.used ?? 0n) + (cost?.overrun ?? 0n)).toBeLessThanOrEqual(13_591_500_000n);
  await overrunning.close();
});

test('F1: where nothing is under way and the ceiling leaves less than an answer may come to, it is the ceiling that is named, with its end', async () => {
  const gate = gateOf();
  const caller = bench.caller('PRO', { ceiling: { amount: '1.5', currency: 'EUR' } });
  expect(await gate.generate(caller, short, PRESENT)).toMatchObject({
    code: 'cost_ceiling_reached',
    detail: expect.stringMatching(
      /^the plan’s cost ceiling does not leave enough for this call on .*; it may cost 1\.57089792 EUR, and 1\.5 EUR is left; it resets on \d+ \w+/,
    ) as string,
    offers: expect.any(Array) as unknown[],
  });
  expect((await bench.metersOf(caller))['cost']?.held).toBe(0n);
});

test('F1: our own provider writes no more than it is asked for, so its calls take only what is held', async () => {
  const gate = bench.gate();
  const caller = bench.caller('PRO', { ceiling: { amount: '0.501', currency: 'EUR' } });
  expect(isRefusal(await gate.generate(caller, ask('Ships sail the sea.'), PRESENT))).toBe(false);
});
