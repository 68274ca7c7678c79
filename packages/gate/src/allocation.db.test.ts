import { isRefusal } from '@purser/core';
import { newId, openPool, type Pool, transaction } from '@purser/database';
import { grantCredits, Meters, type MeterState, verifyMeters } from '@purser/meters';
import { effectivePolicy } from '@purser/policy';
import { PAY_AS_YOU_GO, payAsYouGoMeter } from '@purser/policy';
import { type Allocation, allocationStates, setAllocation } from '@purser/wallet';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Gate } from './gate.ts';
import { ask, type GateBench, openGateBench } from './testing.ts';

type Caller = ReturnType<GateBench['caller']>;

let bench: GateBench;
let gates: Gate[];
let elsewhere: Pool;
const NEVER = new AbortController().signal;

beforeAll(async () => {
  bench = await openGateBench();
  // The second server has batches of its own, so that the two meet in the database alone.
  elsewhere = openPool(bench.database.url, { connections_max: 1 });
  gates = [bench.gate(), bench.gate({}, { meters: new Meters({ pool: elsewhere, clock: bench.clock }, bench.database.pool) })];
});
afterEach(async () => expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]));
afterAll(async () => {
  await elsewhere.end();
  await bench.close();
});

/** Calls of one credit each, all at once, over both servers; gives the codes of those that were refused. */
async function callMany(caller: Caller, users: readonly (string | undefined)[]): Promise<string[]> {
  const outcomes = await Promise.all(
    users.map((user, n) =>
      (gates[n % 2] as Gate).generate(
        { ...caller, ...(user === undefined ? {} : { user }) },
        ask('a word', { output_tokens_max: 64 }),
        NEVER,
      ),
    ),
  );
  return outcomes.flatMap((outcome) => (isRefusal(outcome) ? [outcome.code] : []));
}

/** As every server sees it within a second: a change replaces the workspace object. */
async function allocate(caller: Caller, wanted: Partial<Allocation> & Pick<Allocation, 'kind' | 'name'>): Promise<Caller> {
  await transaction(bench.database.pool, (connection) =>
    setAllocation(connection, bench.clock.now(), caller.workspace.id, wanted),
  );
  return { ...caller, workspace: Object.freeze({ ...caller.workspace }) };
}

const policyOf = ({ workspace }: Caller) =>
  effectivePolicy({ workspace, catalog: bench.catalog, state: { frozen: false }, now: bench.clock.now() });

async function usedBy(caller: Caller, name: string, kind: Allocation['kind'] = 'member'): Promise<bigint | undefined> {
  const [state] = await allocationStates(bench.meters, policyOf(caller), [{ kind, name, credits: 0n, team: null }]);
  expect(state?.held).toBe(0n);
  return state?.used;
}

async function soldTo(caller: Caller): Promise<MeterState | undefined> {
  const meter = payAsYouGoMeter(policyOf(caller));
  return meter && (await bench.meters.read([meter]))[0];
}

test('C12: 40 calls at once on a member’s 12 credits over two servers: exactly 12 are served, and the refusal says whose they were', async () => {
  const caller = await allocate(bench.caller('ENTERPRISE'), { kind: 'member', name: 'ada', credits: 12n });
  const refused = await callMany(
    caller,
    Array.from({ length: 40 }, () => 'ada'),
  );
  expect(refused).toEqual(Array.from({ length: 28 }, () => 'quota_exceeded'));
  expect(await usedBy(caller, 'ada')).toBe(12n);
  const [gate] = gates as [Gate];
  const outcome = await gate.generate({ ...caller, user: 'ada' }, ask('a word'), NEVER);
  expect(outcome).toMatchObject({ code: 'quota_exceeded' });
  expect(isRefusal(outcome) && outcome.detail).toMatch(/12 credits allocated to member ada/);
  expect(isRefusal(outcome) && outcome.retryAfterSeconds).toBeGreaterThan(0);
  // Others, and the workspace itself, go on.
  expect(await callMany(caller, ['bob', undefined])).toEqual([]);
  expect((await bench.metersOf(caller))['credits']).toMatchObject({ used: 14n, held: 0n });
});

test('C12: a team’s allocation is shared by its members, within what each of them has', async () => {
  let caller = await allocate(bench.caller('ENTERPRISE'), { kind: 'team', name: 'design', credits: 10n });
  caller = await allocate(caller, { kind: 'member', name: 'ada', credits: 4n, team: 'design' });
  caller = await allocate(caller, { kind: 'member', name: 'bob', team: 'design' });
  const refused = await callMany(
    caller,
    Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? 'ada' : 'bob')),
  );
  expect(refused).toHaveLength(20);
  expect(await usedBy(caller, 'design', 'team')).toBe(10n);
  expect(await usedBy(caller, 'ada')).toBeLessThanOrEqual(4n);
  const outcome = await (gates[0] as Gate).generate({ ...caller, user: 'bob' }, ask('a word'), NEVER);
  expect(isRefusal(outcome) && outcome.detail).toMatch(/allocated to team design/);
});

test('C12: an allocation that is raised or lifted holds for the next call, one lowered below what is spent admits nothing more', async () => {
  let caller = await allocate(bench.caller('ENTERPRISE'), { kind: 'member', name: 'ada', credits: 2n });
  expect(await callMany(caller, ['ada', 'ada', 'ada'])).toHaveLength(1);
  caller = await allocate(caller, { kind: 'member', name: 'ada', credits: 3n });
  expect(await callMany(caller, ['ada', 'ada'])).toHaveLength(1);
  caller = await allocate(caller, { kind: 'member', name: 'ada', credits: 1n });
  expect(await callMany(caller, ['ada'])).toHaveLength(1);
  caller = await allocate(caller, { kind: 'member', name: 'ada', credits: null });
  expect(await callMany(caller, ['ada', 'ada'])).toHaveLength(0);
  expect(await usedBy(caller, 'ada')).toBe(3n);
});

const PRICE = { amount: '0.02', currency: 'USD' };

test('C12: when credits are exhausted they are sold one by one up to the cap, exactly, with many calls at once', async () => {
  const caller = bench.caller('ENTERPRISE', { credits_monthly: 7, pay_as_you_go: { credits_max: 15, price: PRICE } });
  const refused = await callMany(
    caller,
    Array.from({ length: 60 }, () => undefined),
  );
  expect(refused).toEqual(Array.from({ length: 38 }, () => 'credits_exhausted'));
  expect((await bench.metersOf(caller))['credits']).toMatchObject({ used: 7n, held: 0n });
  expect(await soldTo(caller)).toMatchObject({ key: PAY_AS_YOU_GO, used: 15n, held: 0n, cap: 15n });
  const outcome = await (gates[0] as Gate).generate(caller, ask('a word'), NEVER);
  expect(isRefusal(outcome) && outcome.offers?.length).toBeGreaterThan(0);
});

test('C12: credits that were granted meanwhile burn before any more is sold', async () => {
  const caller = bench.caller('ENTERPRISE', { credits_monthly: 1, pay_as_you_go: { credits_max: 10, price: PRICE } });
  expect(await callMany(caller, [undefined, undefined])).toEqual([]);
  expect(await soldTo(caller)).toMatchObject({ used: 1n });
  await transaction(bench.database.pool, (connection) =>
    grantCredits(connection, bench.clock.now(), {
      id: newId<'grant'>(),
      workspace: caller.workspace.id,
      source: 'gift',
      credits: 3n,
      expires_at: null,
      reason: 'thanks',
    }),
  );
  expect(await callMany(caller, [undefined, undefined, undefined])).toEqual([]);
  expect(await soldTo(caller)).toMatchObject({ used: 1n });
});

test('C12: a call that needs more than is granted takes what is left and is sold the rest', async () => {
  const caller = bench.caller('ENTERPRISE', { credits_monthly: 2, pay_as_you_go: { credits_max: 5_000, price: PRICE } });
  const answer = await (gates[0] as Gate).generate(
    caller,
    ask('many words '.repeat(40_000), { output_tokens_max: 4_000 }),
    NEVER,
  );
  if (isRefusal(answer)) throw new Error(answer.detail);
  expect(answer.credits.charged).toBeGreaterThan(2n);
  expect((await bench.metersOf(caller))['credits']).toMatchObject({ used: 2n, held: 0n });
  expect(await soldTo(caller)).toMatchObject({ used: answer.credits.charged - 2n, held: 0n });
});

test('a plan that sells no credits refuses when the granted ones are exhausted', async () => {
  const caller = bench.caller('PRO', { credits_monthly: 1 });
  expect(await callMany(caller, [undefined, undefined])).toEqual(['credits_exhausted']);
});
