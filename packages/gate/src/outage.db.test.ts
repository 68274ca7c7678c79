import { isRefusal } from '@purser/base';
import { listUnresolved, verifyMeters } from '@purser/meters';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

let bench: GateBench;
const standIns: StandIn[] = [];

beforeAll(async () => {
  bench = await openGateBench();
});
afterEach(async () => expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]));
afterAll(async () => {
  await Promise.all(standIns.map((standIn) => standIn.close()));
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
  const gate = bench.gate({ openai: { api_key: 'test', base_url: openai.openai_url } }, { call_timeout_ms: 100 });
  for (let n = 0; n < 4; n++) {
    await gate.generate(caller, ask('hello', { model: 'gpt-4o', output_tokens_max: 2000 }), PRESENT);
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
