import { listAudit } from '@purser/audit';
import { type HoldId, isRefusal, type WorkspaceId } from '@purser/core';
import { newId, transaction } from '@purser/database';
import { verifyPostings } from '@purser/ledger';
import { catalogVersions } from '@purser/catalog';
import { creditMeter, grantCredits, type MeterSpec, openGrants, verifyMeters } from '@purser/meters';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { licenseHistory } from './history.ts';
import { openLicenses } from './open-licenses.ts';
import type { PaymentKind } from './license-of.ts';
import { type LicenseBench, openLicenseBench } from './testing.ts';

let bench: LicenseBench;
beforeAll(async () => {
  bench = await openLicenseBench();
});
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
});
afterAll(() => bench.close());

const happened = (workspace: WorkspaceId, kind: PaymentKind) =>
  bench.record({ id: newId<'event'>(), workspace, kind, at: bench.clock.now(), reference: 'in_1' });
const changesOf = async (workspace: WorkspaceId) =>
  (await licenseHistory(bench.database.pool, workspace)).toReversed().map(({ from, to, at }) => [from, to, at.toString()]);

describe('C5 the stages of a grace', () => {
  test('day 15 begins 14 × 24 h after the first failure, to the second, reports go at their own time, and each is announced once however many servers look', async () => {
    const workspace = await bench.workspace();
    // Both changes of the clock to winter time lie within: Europe's on 25 October, America's on 1 November.
    const failed_at = bench.clock.now();
    await happened(workspace, 'failed');
    const other = openLicenses({
      ...bench,
      pool: bench.database.pool,
      forget: (id) => bench.identity.forget(id),
      catalogOf: catalogVersions(bench.database.pool, bench.catalog),
    });
    const sweeps = async (): Promise<void> => {
      await Promise.all([bench.licenses.sweep(), other.sweep(), bench.licenses.sweep()]);
    };
    const over = failed_at.add({ hours: 14 * 24 });
    for (const now of [failed_at.add({ hours: 7 * 24 }), over.subtract({ seconds: 1 })]) {
      bench.clock.moveTo(now);
      await sweeps();
      expect(await changesOf(workspace)).toEqual([['active', 'grace', failed_at.toString()]]);
    }
    bench.clock.moveTo(over);
    await sweeps();
    await sweeps();
    expect((await changesOf(workspace)).slice(1)).toEqual([['grace', 'degraded', over.toString()]]);
    const reports = failed_at.add({ hours: 21 * 24 });
    bench.clock.moveTo(reports.subtract({ seconds: 1 }));
    await sweeps();
    expect((await changesOf(workspace)).slice(2)).toEqual([]);
    bench.clock.moveTo(reports);
    await sweeps();
    await sweeps();
    expect((await changesOf(workspace)).slice(2)).toEqual([['degraded', 'degraded', reports.toString()]]);
    const [further] = await licenseHistory(bench.database.pool, workspace);
    expect(further).toMatchObject({ why: 'The payment is still open, so these are off too: reports.' });
    const trail = await listAudit(bench.database.pool, { workspace });
    if (isRefusal(trail)) throw new Error(trail.detail);
    expect(trail.rows.map(({ actor, detail }) => [actor, detail['to'] ?? detail['kind']])).toEqual([
      ['system', 'degraded'],
      ['system', 'degraded'],
      ['payments', 'failed'],
    ]);
    await happened(workspace, 'paid');
    await sweeps();
    expect((await changesOf(workspace)).slice(3)).toEqual([['degraded', 'active', reports.toString()]]);
  });

  test('a failure that comes to be known when its grace is over goes all the way; an older payment found later brings it back', async () => {
    const workspace = await bench.workspace();
    const failed_at = bench.clock.now();
    bench.clock.advance({ hours: 20 * 24 });
    await bench.record({ id: 'late', workspace, kind: 'failed', at: failed_at, reference: 'in_1' });
    await bench.licenses.sweep();
    const stages = async () => (await changesOf(workspace)).map(([, to]) => to);
    expect(await stages()).toEqual(['grace', 'degraded']);
    await bench.record({ id: 'later', workspace, kind: 'paid', at: failed_at.add({ hours: 1 }), reference: 'in_1' });
    await bench.licenses.sweep();
    expect(await stages()).toEqual(['grace', 'degraded', 'active']);
  });
});

describe('C5 what a workspace holds is given back when AI goes off', () => {
  const cost = (workspace: WorkspaceId): MeterSpec => ({
    workspace,
    key: 'cost',
    unit: 'USD',
    class: 'cost',
    window_start: Temporal.Instant.fromEpochMilliseconds(0),
    window_end: null,
    cap: 1_000n,
  });
  async function bought(credits: bigint): Promise<WorkspaceId> {
    const workspace = await bench.workspace();
    await transaction(bench.database.pool, (connection) =>
      grantCredits(connection, bench.clock.now(), {
        id: newId<'grant'>(),
        workspace,
        source: 'purchased',
        credits,
        expires_at: null,
        reason: 'pack',
      }),
    );
    return workspace;
  }
  async function hold(workspace: WorkspaceId): Promise<HoldId> {
    const id = newId<'hold'>();
    const amount = { amount: 70n, unit: 'USD' };
    const legs = [
      { meter: creditMeter(workspace), amount: 7n },
      { meter: cost(workspace), amount: 70n },
    ];
    const common = { workspace, plan: 'PRO', provider: 'acme', cost: amount, reported: amount };
    const outcome = await bench.meters.hold({ id, legs, expires_at: bench.clock.now().add({ seconds: 60 }), ...common });
    expect(outcome.kind).toBe('held');
    return id;
  }
  const counters = async (workspace: WorkspaceId) => {
    const [credits, spent] = await bench.meters.read([creditMeter(workspace), cost(workspace)]);
    return { credits: [credits?.cap, credits?.held, credits?.used], cost: [spent?.held, spent?.used, spent?.unreconciled] };
  };

  test('at once and in full; bought credits stay; a settle that comes later charges nothing and counts its cost', async () => {
    const workspace = await bought(100n);
    const [served, unsent] = [await hold(workspace), await hold(workspace)];
    expect(await counters(workspace)).toEqual({ credits: [100n, 14n, 0n], cost: [140n, 0n, 0n] });
    await happened(workspace, 'failed');
    await bench.licenses.release(workspace);
    expect(await counters(workspace)).toEqual({ credits: [100n, 0n, 0n], cost: [0n, 0n, 140n] });

    await bench.meters.end({
      kind: 'settle',
      hold: served,
      workspace,
      actuals: [5n, 50n],
      cost: 50n,
      reported: 50n,
      provider: 'acme',
    });
    expect(await counters(workspace)).toEqual({ credits: [100n, 0n, 0n], cost: [0n, 50n, 70n] });
    await bench.meters.end({ kind: 'void', hold: unsent, workspace });
    expect(await counters(workspace)).toEqual({ credits: [100n, 0n, 0n], cost: [0n, 50n, 0n] });
    const grants = await openGrants(bench.database.pool, bench.clock, workspace);
    expect(grants).toMatchObject([{ source: 'purchased', amount: 100n, available: 100n }]);
  });

  test('without anybody asking, by the sweep, and again until every server knows; a neighbour keeps what it holds', async () => {
    const [failing, neighbour] = [await bought(50n), await bought(50n)];
    await hold(failing);
    await hold(neighbour);
    await happened(failing, 'failed');
    await bench.licenses.sweep();
    await hold(failing);
    const held = async (workspace: WorkspaceId) => (await counters(workspace)).credits[1];
    expect(await held(failing)).toBe(7n);
    await expect
      .poll(
        async () => {
          await bench.licenses.sweep();
          return held(failing);
        },
        { timeout: 3_000 },
      )
      .toBe(0n);
    expect(await held(neighbour)).toBe(7n);
    await expect
      .poll(
        async () => {
          await bench.licenses.sweep();
          const { rowCount } = await bench.database.pool.query('select 1 from license.standing where release is not null');
          return rowCount;
        },
        { timeout: 3_000 },
      )
      .toBe(0);
    await hold(failing);
    await bench.licenses.sweep();
    expect(await held(failing)).toBe(7n);
  });
});
