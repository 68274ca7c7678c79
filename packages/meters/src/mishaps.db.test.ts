import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId, openPool, transaction } from '@purser/database';
import { ledgerTotals } from '@purser/ledger';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { creditMeter } from './credits.ts';
import type { HoldRequest } from './hold.ts';
import type { MeterSpec } from './meter.ts';
import { Meters } from './meters.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';
import { verifyMeters } from './verify.ts';

/* What went wrong elsewhere, done again here. The title says what happened there; the test shows that it cannot happen. */

let bench: MeterBench;
let other: Meters;
let workspace: WorkspaceId;
beforeAll(async () => {
  bench = await openMeterBench();
  other = bench.another();
});
afterAll(() => bench.close());
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});

const fresh = (): WorkspaceId => (workspace = newId<'workspace'>());
const ceiling = (cap: bigint, of = workspace): MeterSpec => meter(of, 'cost', cap, 'cost', 'USD');
const hold = (spec: MeterSpec, amount: bigint, more: Partial<HoldRequest> = {}): HoldRequest =>
  holdOf(bench, workspace, [{ meter: spec, amount }], more);
const stateOf = async (spec: MeterSpec) => (await bench.meters.read([spec]))[0];
const kinds = async (outcomes: readonly Promise<{ kind: string }>[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { kind } of await Promise.all(outcomes)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

describe('admission', () => {
  test('budget checked, then incremented: parallel calls all pass — here they are held before, so 300 find room for 10', async () => {
    const cost = ceiling(100n, fresh());
    expect(await kinds(Array.from({ length: 300 }, () => bench.meters.hold(hold(cost, 10n))))).toEqual({ held: 10, denied: 290 });
  });

  test('limits per process: the cap doubles with two pods — here one authority decides for both', async () => {
    const cost = ceiling(100n, fresh());
    const asked = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? bench.meters : other).hold(hold(cost, 10n)));
    expect(await kinds(asked)).toEqual({ held: 10, denied: 190 });
  });

  test('the hold shrinks to what is left and admits — here it is refused whole, and says what is left', async () => {
    const cost = ceiling(100n, fresh());
    await bench.meters.hold(hold(cost, 70n));
    expect(await bench.meters.hold(hold(cost, 31n))).toMatchObject({ kind: 'denied', available: 30n });
    expect(await stateOf(cost)).toMatchObject({ held: 70n });
    expect(await bench.meters.hold(hold(cost, 30n))).toMatchObject({ kind: 'held' });
  });

  test('worst-case holds starve other callers — here the surplus is back the moment the call is settled', async () => {
    const cost = ceiling(100n, fresh());
    const large = hold(cost, 100n);
    await bench.meters.hold(large);
    expect(await bench.meters.hold(hold(cost, 1n))).toMatchObject({ kind: 'denied' });
    const settled = bench.meters.end(settleOf(large, [3n]));
    // In the very same batch: ends come first.
    expect(await bench.meters.hold(hold(cost, 97n))).toMatchObject({ kind: 'held' });
    await settled;
  });

  test('fails open when its store is away — here nothing is admitted, the caller meets a fault worth retrying', async () => {
    const pool = openPool('postgres://postgres@127.0.0.1:1/nowhere', { connections_max: 1, connect_timeout_ms: 500 });
    const meters = new Meters({ pool, clock: bench.clock, end_retry_ms: 0 }, bench.database.pool);
    await expect(meters.hold(hold(ceiling(100n, fresh()), 1n))).rejects.toMatchObject({ name: 'Fault', retryable: true });
    await meters.idle();
    await pool.end();
  });

  test('a lock that is never freed — here the batch is given up, its callers meet a fault, and the next one is served', async () => {
    const cost = ceiling(100n, fresh());
    await bench.meters.hold(hold(cost, 1n));
    const pool = openPool(bench.database.url, { connections_max: 1, query_timeout_ms: 400 });
    const meters = new Meters({ pool, clock: bench.clock }, bench.database.pool);
    const stuck = hold(cost, 10n);
    await transaction(bench.database.pool, async (connection) => {
      await connection.query('select 1 from meters.panel where workspace_id = $1 for update', [workspace]);
      await expect(meters.hold(stuck)).rejects.toMatchObject({ name: 'Fault', retryable: true });
    });
    await meters.idle();
    expect(await meters.find(stuck.id)).toSatisfy(
      (found: { state: string } | null) => found === null || found.state === 'voided',
    );
    expect(await meters.hold(hold(cost, 99n))).toMatchObject({ kind: 'held' });
    await pool.end();
  });

  test('a queue without a bound — here the caller beyond it is turned away at once, and ends never are', async () => {
    const pool = openPool(bench.database.url, { connections_max: 1 });
    const meters = new Meters({ pool, clock: bench.clock, queue_max: 5 }, bench.database.pool);
    const cost = ceiling(100n, fresh());
    const requests = Array.from({ length: 8 }, () => hold(cost, 1n));
    const held = await Promise.allSettled(requests.map((request) => meters.hold(request)));
    expect(held.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, (_, n) => (n < 5 ? 'fulfilled' : 'rejected')));
    const ends = await Promise.all(requests.slice(0, 5).map((request) => meters.end(settleOf(request, [1n]))));
    expect(ends.every(({ before }) => before === 'open')).toBe(true);
    await pool.end();
  });
});

describe('settlement', () => {
  test('holds are counter increments that leak; users are blocked at $0 — here a hold nobody ends gives its room back by time', async () => {
    await bench.grant(fresh(), 10n);
    const credits = creditMeter(workspace);
    const tokens = meter(workspace, 'tokens', 10n);
    await bench.meters.hold(
      holdOf(bench, workspace, [
        { meter: credits, amount: 10n },
        { meter: tokens, amount: 10n },
      ]),
    );
    bench.clock.advance({ minutes: 2 });
    await other.sweep();
    expect(await bench.meters.read([credits, tokens])).toMatchObject([
      { held: 0n, used: 0n },
      { held: 0n, used: 0n },
    ]);
    expect(await bench.meters.hold(hold(credits, 10n))).toMatchObject({ kind: 'held' });
  });

  test('commit races void; double void; settled twice — here one of eight wins, on two servers, and the rest change nothing', async () => {
    const cost = ceiling(1_000n, fresh());
    const request = hold(cost, 100n);
    await bench.meters.hold(request);
    const ends = await Promise.all(
      [bench.meters, other, bench.meters, other].flatMap((meters) => [
        meters.end(settleOf(request, [40n])),
        meters.end({ kind: 'void', hold: request.id, workspace }),
      ]),
    );
    expect(ends.filter(({ before }) => before === 'open')).toHaveLength(1);
    expect((await stateOf(cost))?.held).toBe(0n);
    const { rows } = await bench.database.pool.query('select amount from ledger.posting where workspace_id = $1', [workspace]);
    expect(rows.length).toBeLessThanOrEqual(1);
  });

  test('a settle above the balance is rolled back: free usage — here real cost is booked whatever is left', async () => {
    await bench.grant(fresh(), 5n);
    const cost = ceiling(100n);
    const request = holdOf(bench, workspace, [
      { meter: creditMeter(workspace), amount: 5n },
      { meter: cost, amount: 100n },
    ]);
    await bench.meters.hold(request);
    expect(await bench.meters.end(settleOf(request, [50n, 100_000n]))).toMatchObject({ before: 'open', credits_available: 0n });
    expect(await stateOf(cost)).toMatchObject({ used: 100n, overrun: 99_900n });
    expect(await bench.meters.hold(hold(cost, 1n))).toMatchObject({ kind: 'denied' });
  });

  test('rows dropped at shutdown, popped before written — here the postings are there when the settle is answered', async () => {
    const cost = ceiling(100n, fresh());
    const request = hold(cost, 60n);
    await bench.meters.hold(request);
    await bench.meters.end(settleOf(request, [25n]));
    const { rows } = await bench.database.pool.query(
      'select debit, credit, amount, hold_id from ledger.posting where workspace_id = $1',
      [workspace],
    );
    expect(rows).toEqual([{ debit: 'cost', credit: 'payable:acme', amount: 25n, hold_id: request.id }]);
  });

  test('an answer is lost on its way — here the same end is sent again, counts once, and its caller still learns that it was his', async () => {
    await bench.grant(fresh(), 10n);
    const request = hold(creditMeter(workspace), 10n);
    await bench.meters.hold(request);
    const pool = openPool(bench.database.url, { connections_max: 1 });
    const meters = new Meters({ pool: deafOnce(pool), clock: bench.clock }, bench.database.pool);
    expect(await meters.end(settleOf(request, [4n]))).toEqual({ before: 'open', credits_available: 6n });
    await pool.end();
  });

  test('late or doubled events grant twice — here the id counts once, three days late and after its expiry too', async () => {
    const grant = { id: newId<'grant'>(), expires_at: bench.clock.now().add({ hours: 1 }), source: 'purchased' as const };
    await bench.grant(fresh(), 50n, grant);
    bench.clock.advance({ hours: 72 });
    await bench.grant(workspace, 50n, grant);
    await bench.meters.sweep();
    expect(await stateOf(creditMeter(workspace))).toMatchObject({ cap: 0n, held: 0n, used: 0n });
  });

  test('expiry claws back bought credits — here it touches its own grant only', async () => {
    await bench.grant(fresh(), 10n, { expires_at: bench.clock.now().add({ seconds: 10 }) });
    await bench.grant(workspace, 7n, { source: 'purchased' });
    const spent = hold(creditMeter(workspace), 4n);
    await bench.meters.hold(spent);
    await bench.meters.end(settleOf(spent, [4n]));
    bench.clock.advance({ seconds: 11 });
    await bench.meters.sweep();
    expect(await stateOf(creditMeter(workspace))).toMatchObject({ cap: 11n, used: 4n });
  });

  test('restart forgets the cache: credits come back — here a server that has seen nothing knows the balance', async () => {
    await bench.grant(fresh(), 10n);
    const spent = hold(creditMeter(workspace), 8n);
    await bench.meters.hold(spent);
    await bench.meters.end(settleOf(spent, [8n]));
    expect(await bench.another().hold(hold(creditMeter(workspace), 3n))).toMatchObject({ kind: 'denied', available: 2n });
  });

  test('floats for money — here sums beyond 2^53 are exact to the last nano', async () => {
    const cap = 4_000_000_000_000_000_001n;
    const cost = ceiling(cap, fresh());
    const request = hold(cost, cap);
    await bench.meters.hold(request);
    await bench.meters.end(settleOf(request, [cap - 2n]));
    expect(await stateOf(cost)).toMatchObject({ used: cap - 2n });
    expect(await bench.meters.hold(hold(cost, 3n))).toMatchObject({ kind: 'denied', available: 2n });
    await transaction(bench.database.pool, async (connection) => {
      for await (const total of ledgerTotals(connection)) if (total.workspace === workspace) expect(total.cost).toBe(cap - 2n);
    });
  });
});

describe('locks', () => {
  test('batches lock rows unsorted: deadlocks — here four servers in every order meet none', async () => {
    const servers = [bench.meters, other, bench.another(), bench.another()];
    const tenants = Array.from({ length: 12 }, () => newId<'workspace'>());
    const pool = meter(PLATFORM, `pool-${newId()}`, 1_000_000n, 'cost', 'USD');
    const deadlocks = async () =>
      (
        await bench.database.pool.query<{ deadlocks: bigint }>(
          'select deadlocks from pg_stat_database where datname = current_database()',
        )
      ).rows[0]?.deadlocks;
    const before = await deadlocks();
    await Promise.all(
      servers.map(async (meters, server) => {
        for (let round = 0; round < 5; round++) {
          const order = server % 2 === 0 ? tenants : tenants.toReversed();
          const requests = order.map((tenant) =>
            holdOf(bench, tenant, [
              { meter: pool, amount: 1n },
              { meter: meter(tenant, 'jobs', 1_000n), amount: 1n },
            ]),
          );
          await Promise.all(requests.map((request) => meters.hold(request)));
          await Promise.all(requests.toReversed().map((request) => meters.end(settleOf(request, [1n, 1n]))));
        }
      }),
    );
    expect(await deadlocks()).toBe(before);
    expect(await stateOf(pool)).toMatchObject({ held: 0n, used: 240n });
  });

  test('lock waits explode when callers queue in the database — here 400 callers come as a handful of statements', async () => {
    let batches = 0;
    const pool = openPool(bench.database.url, { connections_max: 1 });
    const meters = new Meters({ pool, clock: bench.clock, onBatch: () => batches++ }, bench.database.pool);
    const cost = ceiling(400n, fresh());
    await kinds(Array.from({ length: 400 }, () => meters.hold(hold(cost, 1n))));
    expect(batches).toBeLessThanOrEqual(3);
    await pool.end();
  });

  test('a platform that limits nothing of its own — here its counter row is there all the same, and ends work from the first', async () => {
    const own = await openMeterBench();
    const cost = meter(fresh(), 'cost', 100n, 'cost', 'USD');
    const request = holdOf(own, workspace, [{ meter: cost, amount: 60n }]);
    await own.meters.hold(request);
    expect(await own.meters.end(settleOf(request, [30n]))).toMatchObject({ before: 'open' });
    expect(await own.meters.end({ kind: 'void', hold: newId<'hold'>(), workspace: newId<'workspace'>() })).toMatchObject({
      before: 'unknown',
    });
    await own.close();
  });

  test('a cap below zero, a leg on a stranger’s meter, a negative amount: assertions, and the neighbours in the batch are served', async () => {
    const cost = ceiling(100n, fresh());
    const wrong = [hold({ ...cost, cap: -5n }, 1n), hold(ceiling(100n, newId<'workspace'>()), 1n), hold(cost, -1n)];
    const outcomes = await Promise.allSettled([...wrong, hold(cost, 1n)].map((request) => bench.meters.hold(request)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    for (const outcome of outcomes.slice(0, 3)) expect(outcome).toMatchObject({ reason: { name: 'BrokenInvariant' } });
  });
});

describe('clocks', () => {
  test('a clock that jumps while a call waits to be admitted: it is turned away, not held only to expire', async () => {
    const cost = ceiling(100n, fresh());
    const asked = bench.meters.hold(hold(cost, 10n));
    bench.clock.advance({ hours: 24 * 31 });
    await expect(asked).rejects.toMatchObject({ name: 'Fault', retryable: true });
    expect(await stateOf(cost)).toMatchObject({ held: 0n });
  });

  test('a clock that jumps in the middle of a call: credits go back, the cost counts once, in the window it was held in', async () => {
    await bench.grant(fresh(), 10n);
    const cost = ceiling(100n);
    const request = holdOf(bench, workspace, [
      { meter: creditMeter(workspace), amount: 5n },
      { meter: cost, amount: 80n },
    ]);
    await bench.meters.hold(request);
    bench.clock.advance({ hours: 24 * 31 });
    await bench.meters.sweep();
    expect(await stateOf(cost)).toMatchObject({ held: 0n, unreconciled: 80n });
    expect(await bench.meters.end(settleOf(request, [5n, 30n]))).toMatchObject({ before: 'expired' });
    expect(await bench.meters.read([creditMeter(workspace), cost])).toMatchObject([
      { held: 0n, used: 0n },
      { used: 30n, unreconciled: 0n },
    ]);
    expect(await bench.meters.end(settleOf(request, [5n, 30n]))).toMatchObject({ before: 'reconciled' });
    expect(await stateOf(cost)).toMatchObject({ used: 30n });
  });

  test('a clock that ran ahead for a while leaves no hold behind that is never swept', async () => {
    const ahead = { now: () => bench.clock.now().add({ hours: 24 * 60 }) };
    const pool = openPool(bench.database.url, { connections_max: 1 });
    await new Meters({ pool, clock: ahead }, bench.database.pool).sweep();
    const cost = ceiling(100n, fresh());
    await bench.meters.hold(hold(cost, 10n));
    bench.clock.advance({ minutes: 2 });
    await bench.meters.sweep();
    expect(await stateOf(cost)).toMatchObject({ held: 0n, unreconciled: 10n });
    await pool.end();
  });
});

/** A pool that loses the first answer: what was asked is done, and the connection is gone before it is told. */
function deafOnce(pool: ReturnType<typeof openPool>): ReturnType<typeof openPool> {
  let deaf = true;
  return new Proxy(pool, {
    get(target, member) {
      if (member !== 'query') return Reflect.get(target, member) as unknown;
      return async (query: { name: string; text: string; values: unknown[] }) => {
        const answer = await target.query(query);
        if (!deaf) return answer;
        deaf = false;
        throw new Error('Connection terminated unexpectedly');
      };
    },
  });
}
