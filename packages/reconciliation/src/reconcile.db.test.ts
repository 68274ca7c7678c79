import { auditMigrations } from '@purser/audit';
import { isRefusal, PLATFORM, TestClock } from '@purser/core';
import { newId } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { ledgerMigrations, verifyPostings } from '@purser/ledger';
import { rollUpAll } from '@purser/ledger/testing';
import { type HoldRequest, listUnresolved, Meters, type MeterSpec, metersMigrations, verifyMeters } from '@purser/meters';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Charge } from './charge.ts';
import { reconciliationMigrations } from './index.ts';
import { reconcile, type Reconciled } from './reconcile.ts';

const DAY = Temporal.Instant.from('2026-11-10T00:00:00Z');
const NEXT = DAY.add({ hours: 24 });
const NOON = DAY.add({ hours: 12 });
const CENT = 10_000_000n;

let database: TestDatabase;
let meters: Meters;
let clock: TestClock;
beforeEach(async () => {
  database = await createTestDatabase([ledgerMigrations, auditMigrations, metersMigrations, reconciliationMigrations]);
  clock = new TestClock(NOON);
  meters = new Meters({ pool: database.pool, clock, end_wait_ms: 0 }, database.pool);
});
afterEach(async () => {
  await meters.idle();
  expect((await verifyMeters(database.pool)).mismatches).toEqual([]);
  expect((await verifyPostings(database.pool)).mismatches).toEqual([]);
  await database.drop();
});

const workspace = newId<'workspace'>();
const cost: MeterSpec = {
  workspace,
  key: 'cost',
  unit: 'USD',
  class: 'cost',
  window_start: Temporal.Instant.from('2026-11-01T00:00:00Z'),
  window_end: Temporal.Instant.from('2026-12-01T00:00:00Z'),
  cap: 1_000_000n * CENT,
};

/** A call that held `most` and came to `actual`; undefined: its provider broke off, and nobody knows. */
async function call(
  model: string,
  most: bigint,
  actual: bigint | undefined,
  request_id: string | null = null,
): Promise<HoldRequest['id']> {
  const id = newId<'hold'>();
  const amount = { amount: most, unit: 'USD' };
  const held = await meters.hold({
    id,
    workspace,
    plan: 'PRO',
    provider: 'openai',
    cost: amount,
    reported: amount,
    legs: [{ meter: cost, amount: most }],
    expires_at: clock.now().add({ minutes: 5 }),
  });
  expect(held.kind).toBe('held');
  const attempt = {
    actor: 'key',
    operation: 'chat',
    kind: 'text',
    provider: 'openai',
    model,
    model_version: null,
    started_at: clock.now(),
    duration_ms: 1,
    outcome: actual === undefined ? 'unavailable' : 'ok',
    usage: null,
    cost: actual === undefined ? null : { amount: actual, unit: 'USD' },
    request_id,
  } as const;
  await meters.end(
    actual === undefined
      ? { kind: 'unresolved', hold: id, workspace, attempts: [attempt], why: 'outage' }
      : {
          kind: 'settle',
          hold: id,
          workspace,
          actuals: [actual],
          cost: actual,
          reported: actual,
          provider: 'openai',
          attempts: [attempt],
        },
  );
  return id;
}

async function* billed(
  ...charges: readonly [model: string | null, cents: bigint, request_id?: string][]
): AsyncGenerator<Charge> {
  for (const [model, cents, request_id] of charges) {
    yield { at: DAY.add({ hours: 1 }), model, request_id: request_id ?? null, cost: cents * CENT, unit: 'USD' };
  }
}

async function run(charges: AsyncIterable<Charge>, post = true): Promise<Reconciled> {
  const request = {
    provider: 'openai',
    providers: ['openai', 'gemini'],
    from: DAY,
    to: NEXT,
    charges,
    post,
    actor: 'admin',
    now: NEXT.add({ hours: 2 }),
  };
  const result = await reconcile(database.pool, request);
  if (isRefusal(result)) throw new Error(result.detail);
  return result;
}

/** What the account holds on the platform, in cents. */
async function platform(account: string): Promise<bigint> {
  const { rows } = await database.pool.query<{ net: bigint }>(
    `select coalesce(sum(case when debit = $1 then amount else -amount end), 0)::bigint as net
     from ledger.posting where workspace_id = $2 and $1 in (debit, credit)`,
    [account, PLATFORM],
  );
  return (rows[0]?.net ?? 0n) / CENT;
}

test('comparing writes nothing; posting books what was billed more under the provider’s dated name of the model, once', async () => {
  await call('gpt-4o', 10n * CENT, 4n * CENT);
  await call('gpt-4o', 10n * CENT, 5n * CENT);
  const compared = await run(billed(['gpt-4o-2024-08-06', 12n]), false);
  expect(compared).toMatchObject({
    outcome: 'compared',
    lines: [{ day: '2026-11-10', model: 'gpt-4o', attempts: 2n, booked: 9n * CENT, billed: 12n * CENT, difference: 3n * CENT }],
  });
  expect(await platform('cost')).toBe(0n);
  expect((await run(billed(['gpt-4o-2024-08-06', 12n]))).outcome).toBe('posted');
  expect([await platform('cost'), await platform('payable:openai')]).toEqual([3n, -3n]);
  expect((await run(billed(['gpt-4o-2024-08-06', 12n]))).outcome).toBe('known');
  expect(await platform('cost')).toBe(3n);
});

test('another word about the same day posts only what is new, and less than booked is taken off again', async () => {
  await call('gpt-4o', 10n * CENT, 9n * CENT);
  await run(billed(['gpt-4o', 12n]));
  expect(await run(billed(['gpt-4o', 7n], ['gpt-4o', 6n]))).toMatchObject({ outcome: 'posted', lines: [{ difference: CENT }] });
  expect(await platform('cost')).toBe(4n);
  await run(billed(['gpt-4o', 8n]));
  expect([await platform('cost'), await platform('payable:openai')]).toEqual([-1n, 1n]);
});

test('calls nobody knew the cost of take theirs from the bill: by their id, by what the model has left, the rest was not billed', async () => {
  await call('gpt-4o', 10n * CENT, 5n * CENT);
  const named = await call('gpt-4o', 10n * CENT, undefined, 'req_7');
  await call('gpt-4o', 10n * CENT, undefined);
  await call('gpt-4o', 10n * CENT, undefined);
  const result = await run(billed(['gpt-4o', 2n, 'req_7'], ['gpt-4o', 8n]));
  expect(result).toMatchObject({ resolved: 3, unresolved_left: 0, lines: [{ resolved: 5n * CENT, difference: 0n }] });
  expect(await listUnresolved(database.pool, { provider: 'openai' })).toEqual([]);
  const { rows } = await database.pool.query<{ cost: bigint }>('select cost from ledger.resolved_costs($1::uuid[])', [[named]]);
  expect(rows).toEqual([{ cost: 2n * CENT }]);
  expect(await platform('cost')).toBe(0n);
  // What was resolved counts as booked from then on.
  expect((await run(billed(['gpt-4o', 10n]), false)).lines).toMatchObject([{ booked: 10n * CENT, resolved: 0n, difference: 0n }]);
});

test('a day the provider says nothing about resolves nothing', async () => {
  await call('gpt-4o', 10n * CENT, undefined);
  expect(await run(billed())).toMatchObject({ resolved: 0, unresolved_left: 1 });
  expect(await listUnresolved(database.pool, { provider: 'openai' })).toHaveLength(1);
});

test('a span that is not of whole days, is too long or not over, and a name that is no provider are refused in words', async () => {
  const request = {
    provider: 'openai',
    providers: ['openai', 'gemini'],
    from: DAY,
    to: NEXT,
    charges: billed(),
    post: true,
    actor: 'admin',
    now: NEXT,
  };
  const why = async (more: object): Promise<string> => {
    const result = await reconcile(database.pool, { ...request, ...more });
    return isRefusal(result) ? result.detail : 'no refusal';
  };
  expect(await why({ from: NOON })).toContain('whole days');
  expect(await why({ from: DAY.subtract({ hours: 24 * 92 }) })).toContain('1 to 92 days');
  expect(await why({ from: NEXT })).toContain('1 to 92 days');
  expect(await why({ now: NOON })).toContain('not over yet');
  expect(await why({ provider: 'Open AI' })).toBe("provider: got 'Open AI'; want one of gemini, openai");
});

test('a provider that neither the catalog nor the books know is refused by the names of those that are known; one that was called is known', async () => {
  const request = { provider: 'opnai', providers: ['gemini'], from: DAY, to: NEXT, post: true, actor: 'admin', now: NEXT };
  const refused = await reconcile(database.pool, { ...request, charges: billed() });
  expect(refused).toMatchObject({ code: 'invalid_request', detail: "provider: got 'opnai'; want one of gemini" });
  await call('gpt-4o', 10n * CENT, 4n * CENT);
  await rollUpAll(database.pool);
  const again = await reconcile(database.pool, { ...request, charges: billed() });
  expect(again).toMatchObject({ detail: "provider: got 'opnai'; want one of gemini, openai" });
  expect(await reconcile(database.pool, { ...request, provider: 'openai', charges: billed() })).toMatchObject({
    outcome: 'posted',
  });
});

test('what another import posted while this one was compared is not posted again: all of it is taken back, and done again it posts the rest', async () => {
  await call('gpt-4o', 10n * CENT, 4n * CENT);
  async function* overtaken(): AsyncGenerator<Charge> {
    yield* billed(['gpt-4o', 7n]);
    await run(billed(['gpt-4o', 6n]));
  }
  await expect(run(overtaken())).rejects.toThrow('changed while they were compared');
  expect(await platform('cost')).toBe(2n);
  expect(await run(billed(['gpt-4o', 7n]))).toMatchObject({ outcome: 'posted' });
  expect(await platform('cost')).toBe(3n);
});

test('more unresolved calls than are looked at in one go are refused, and nothing is compared without the rest of them', async () => {
  await database.pool.query(
    `insert into meters.unresolved (hold_id, workspace_id, provider, cause, counted, since, cost, cost_unit, reported, reported_unit)
     select gen_random_uuid(), $1, 'openai', 'expired', false, $2, 1, 'USD', 1, 'USD' from generate_series(1, 10001)`,
    [workspace, NOON.toString()],
  );
  const request = {
    provider: 'openai',
    providers: ['openai', 'gemini'],
    from: DAY,
    to: NEXT,
    charges: billed(),
    post: false,
    actor: 'admin',
    now: NEXT,
  };
  expect(await reconcile(database.pool, request)).toMatchObject({ code: 'request_too_large' });
  await database.pool.query("update meters.unresolved set provider = 'other'");
  expect(await reconcile(database.pool, request)).toMatchObject({ outcome: 'compared' });
});
