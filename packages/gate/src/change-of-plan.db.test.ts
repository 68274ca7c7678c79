import { isRefusal } from '@purser/core';
import { verifyMeters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Answer, Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT, SHIPS } from './testing.ts';

let bench: GateBench;
let upstream: StandIn;
let gate: Gate;
beforeAll(async () => {
  bench = await openGateBench();
  upstream = await startStandIn();
  gate = bench.gate({ openai: { api_key: 'test', base_url: upstream.openai_url } });
});
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});
afterAll(async () => {
  await upstream.close();
  await bench.close();
});

type Caller = ReturnType<GateBench['caller']>;
const gpt = () => ask(SHIPS, { model: 'gpt-4o-mini', output_tokens_max: 100 });
const costOf = async (caller: Caller) => (await bench.metersOf(caller))['cost'];
const served = (answer: unknown): Answer => {
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer as Answer;
};

describe('a plan that changes', () => {
  test('to another currency and back: what was spent is not forgotten, and the lower ceiling admits nothing more', async () => {
    const business = bench.caller('BUSINESS');
    for (let n = 0; n < 3; n++) served(await gate.generate(business, gpt(), PRESENT));
    const spent = (await costOf(business))?.used ?? 0n;
    expect(spent).toBeGreaterThan(0n);
    const on = (plan: string, overrides = {}): Caller => ({ ...business, workspace: { ...business.workspace, plan, overrides } });
    // €0.50 is the reserve; 20 µ€ are less than the three calls cost.
    const small = on('PRO', { ceiling: { amount: '0.50002', currency: 'EUR' } });
    expect((await costOf(small))?.used).toBeGreaterThan(20_000n);
    expect(await gate.generate(small, gpt(), PRESENT)).toMatchObject({ code: 'cost_ceiling_reached' });
    const pro = on('PRO');
    served(await gate.generate(pro, gpt(), PRESENT));
    expect((await costOf(on('BUSINESS')))?.used).toBeGreaterThan(spent);
  });

  test('its time zone: the billing period and its ceiling stay the same', async () => {
    const caller = bench.caller('PRO');
    served(await gate.generate(caller, gpt(), PRESENT));
    const moved: Caller = { ...caller, workspace: { ...caller.workspace, timezone: 'Pacific/Apia' } };
    expect((await costOf(moved))?.used).toBe((await costOf(caller))?.used);
    expect((await bench.metersOf(moved))['jobs']?.used).toBe(1n);
  });
});
