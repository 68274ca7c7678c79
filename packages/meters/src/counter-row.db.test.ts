import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { creditMeter } from './credits.ts';
import type { HoldRequest } from './hold.ts';
import type { MeterSpec } from './meter.ts';
import type { Meters } from './meters.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';
import { verifyMeters } from './verify.ts';

/* The counters a workspace uses stand on its panel; the others rest, and are brought back with what they counted. */

let bench: MeterBench;
beforeAll(async () => {
  bench = await openMeterBench();
});
afterAll(() => bench.close());

const PANEL_MAX = 24;

function ofDay(workspace: WorkspaceId, day: number): MeterSpec {
  const start = Temporal.Instant.from('2026-11-10T00:00:00Z').add({ hours: 24 * day });
  return { ...meter(workspace, 'jobs', 10n), window_start: start, window_end: start.add({ hours: 24 }) };
}

function costs(workspace: WorkspaceId, key: string, cap: bigint): MeterSpec {
  return meter(workspace, key, cap, 'cost', 'USD');
}

async function hold(spec: MeterSpec, amount: bigint): Promise<HoldRequest> {
  const request = holdOf(bench, spec.workspace, [{ meter: spec, amount }]);
  expect(await bench.meters.hold(request)).toEqual({ kind: 'held' });
  return request;
}

async function spend(spec: MeterSpec, amount: bigint): Promise<void> {
  await bench.meters.end(settleOf(await hold(spec, amount), [amount]));
}

async function onPanel(workspace: WorkspaceId): Promise<number> {
  const { rows } = await bench.database.pool.query<{ n: number }>(
    'select cardinality(meters) as n from meters.panel where workspace_id = $1',
    [workspace],
  );
  return rows[0]?.n ?? 0;
}

async function usedOf(specs: readonly MeterSpec[]): Promise<bigint[]> {
  return (await bench.meters.read(specs)).map(({ used }) => used);
}

describe('C3: meters on the panel and at rest', () => {
  test('a hundred meters of one workspace, used in turn, keep what they count, and the panel stays small', async () => {
    const workspace = newId<'workspace'>();
    const many = Array.from({ length: 100 }, (_, n) => meter(workspace, `member-${n}`, 10n));
    for (const round of [1n, 2n]) {
      for (let from = 0; from < many.length; from += 10) {
        await Promise.all(many.slice(from, from + 10).map((spec) => spend(spec, 1n)));
        expect(await onPanel(workspace)).toBeLessThanOrEqual(PANEL_MAX);
      }
      expect(await usedOf(many)).toEqual(many.map(() => round));
    }
  });

  test('a cap that is reached still refuses after a rest', async () => {
    const workspace = newId<'workspace'>();
    const full = meter(workspace, 'full', 3n);
    await spend(full, 3n);
    for (let n = 0; n < 40; n++) await spend(meter(workspace, `other-${n}`, 10n), 1n);
    expect(await bench.meters.hold(holdOf(bench, workspace, [{ meter: full, amount: 1n }]))).toMatchObject({
      kind: 'denied',
      available: 0n,
    });
  });

  test('what is held stays on the panel, however many others come, and is released there', async () => {
    const workspace = newId<'workspace'>();
    const holds = await Promise.all(Array.from({ length: 40 }, (_, n) => hold(meter(workspace, `member-${n}`, 10n), 4n)));
    expect(await onPanel(workspace)).toBe(40);
    await Promise.all(holds.map((request) => bench.meters.end(settleOf(request, [3n]))));
    await spend(meter(workspace, 'one more', 10n), 1n);
    expect(await onPanel(workspace)).toBeLessThanOrEqual(PANEL_MAX);
    expect(await usedOf(holds.map((request) => request.legs[0]?.meter as MeterSpec))).toEqual(holds.map(() => 3n));
  });

  test('a window that is over leaves when another opens, and its counter stays to be read', async () => {
    const workspace = newId<'workspace'>();
    await spend(ofDay(workspace, 0), 2n);
    bench.clock.advance({ hours: 24 });
    await spend(ofDay(workspace, 1), 5n);
    expect(await onPanel(workspace)).toBe(1);
    expect(await usedOf([ofDay(workspace, 0), ofDay(workspace, 1)])).toEqual([2n, 5n]);
  });

  test('C4: late word finds a meter at rest: what was in doubt becomes used, what is more is overrun', async () => {
    const workspace = newId<'workspace'>();
    const cost = costs(workspace, 'cost', 100n);
    const request = await hold(cost, 30n);
    await bench.meters.end({ kind: 'doubt', hold: request.id, workspace });
    for (let n = 0; n < 40; n++) await spend(meter(workspace, `other-${n}`, 10n), 1n);
    const { rows } = await bench.database.pool.query(
      'select meter_id from meters.rest where workspace_id = $1 and unreconciled = 30',
      [workspace],
    );
    expect(rows).toHaveLength(1);
    expect(await bench.meters.end(settleOf(request, [42n]))).toMatchObject({ before: 'expired' });
    expect(await bench.meters.read([cost])).toMatchObject([{ used: 30n, unreconciled: 0n, overrun: 12n }]);
  });

  test('C4: a leg of nothing on a meter that went to rest still counts what was taken beyond it', async () => {
    const workspace = newId<'workspace'>();
    const tokens = meter(workspace, 'tokens', 100n);
    const request = await hold(tokens, 0n);
    for (let n = 0; n < 40; n++) await spend(meter(workspace, `other-${n}`, 10n), 1n);
    await bench.meters.end(settleOf(request, [7n]));
    expect(await bench.meters.read([tokens])).toMatchObject([{ held: 0n, used: 0n, overrun: 7n }]);
  });

  test('C6: credits never leave the panel, so a grant and its expiry find their meter', async () => {
    const workspace = newId<'workspace'>();
    await bench.grant(workspace, 10n, { expires_at: bench.clock.now().add({ hours: 1 }) });
    for (let n = 0; n < 40; n++) await spend(meter(workspace, `other-${n}`, 10n), 1n);
    await bench.grant(workspace, 5n);
    bench.clock.advance({ hours: 2 });
    await bench.meters.sweep();
    expect(await bench.meters.read([creditMeter(workspace)])).toMatchObject([{ cap: 5n, held: 0n, used: 0n }]);
  });

  test('F1: two servers at once, more members and shared pools than panels take: what the credits allow is held, to the last', async () => {
    const servers = [bench.meters, bench.another()] as const;
    const workspaces = Array.from({ length: 30 }, () => newId<'workspace'>());
    // Two grants that end at different times, so some holds draw at once and some in turn; 14 credits, two a call.
    for (const workspace of workspaces) {
      await bench.grant(workspace, 9n);
      await bench.grant(workspace, 5n, { expires_at: bench.clock.now().add({ hours: 1 }) });
    }
    const pools = Array.from({ length: 30 }, (_, n) => meter(PLATFORM, `pool-${n}`, 1_000n));
    const asked = Array.from({ length: 600 }, (_, n) => {
      const workspace = workspaces[n % workspaces.length] as WorkspaceId;
      return holdOf(bench, workspace, [
        { meter: creditMeter(workspace), amount: 2n },
        { meter: meter(workspace, `member-${n % 40}`, 1_000n), amount: 1n },
        { meter: pools[n % pools.length] as MeterSpec, amount: 1n },
      ]);
    });
    const serverOf = (n: number): Meters => servers[n % 2 === 0 ? 0 : 1];
    const outcomes = await Promise.all(asked.map((request, n) => serverOf(n).hold(request)));
    const held = asked.filter((_, n) => outcomes[n]?.kind === 'held');
    expect(held).toHaveLength(30 * 7);
    await Promise.all(
      held.map((request, n) =>
        // By whichever server, not the one that held it.
        serverOf(n).end(
          n % 3 === 0 ? { kind: 'void', hold: request.id, workspace: request.workspace } : settleOf(request, [1n, 1n, 1n]),
        ),
      ),
    );
    expect((await bench.meters.read(pools)).reduce((sum, { used }) => sum + used, 0n)).toBe(140n);
  });

  test('the books explain every counter afterwards', async () => {
    expect(await verifyMeters(bench.database.pool)).toMatchObject({ mismatches: [], open_holds: 0n });
  });

  test('a panel can hold no counter below nothing, and none beyond the cap it was admitted under', async () => {
    const workspace = newId<'workspace'>();
    await hold(meter(workspace, 'jobs', 3n), 3n);
    for (const change of [
      'held = array[-1]',
      'used = array[-1]',
      'spare = array[-1]',
      'spare = array[1, 2]',
      'used = array[null::bigint]',
    ]) {
      await expect(
        bench.database.pool.query(`update meters.panel set ${change} where workspace_id = $1`, [workspace]),
        change,
      ).rejects.toMatchObject({ code: '23514' });
    }
  });

  test('a counter that is lost, doubled or another workspace’s is found by the verification', async () => {
    const { pool } = bench.database;
    const [lost, doubled, stranger] = [newId<'workspace'>(), newId<'workspace'>(), newId<'workspace'>()];
    for (const workspace of [lost, doubled, stranger]) await spend(meter(workspace, 'jobs', 9n), 1n);
    const byWord = (one: unknown[], other: unknown[]): number => (one.join(' ') < other.join(' ') ? -1 : 1);
    const places = async (): Promise<[string, bigint][]> =>
      (await verifyMeters(pool)).mismatches
        .filter(({ what }) => what === 'places')
        .map(({ workspace, counter }): [string, bigint] => [workspace, counter])
        .toSorted(byWord);
    expect(await places()).toEqual([]);
    const none = "meters = '{}', caps = '{}', unreconciled = '{}', overrun = '{}', used = '{}', held = '{}', spare = '{}'";
    await pool.query(
      `insert into meters.rest (meter_id, workspace_id, cap, used, unreconciled, overrun, spare)
       select meters[1], workspace_id, caps[1], used[1], unreconciled[1], overrun[1], spare[1] from meters.panel where workspace_id = $1`,
      [doubled],
    );
    await pool.query(
      `update meters.panel p set meters = o.meters from meters.panel o where p.workspace_id = $1 and o.workspace_id = $2`,
      [stranger, doubled],
    );
    await pool.query(`update meters.panel set ${none} where workspace_id = $1`, [lost]);
    // Of the stranger both are wrong: its own meter stands nowhere, and what stands there is no meter of its.
    expect(await places()).toEqual(
      [
        [lost, 0n],
        [doubled, 2n],
        [stranger, 0n],
        [stranger, 1n],
      ].toSorted(byWord),
    );
  });
});
