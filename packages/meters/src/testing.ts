import { TestClock, type WorkspaceId } from '@purser/core';
import { newId, openPool, type Pool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { ledgerMigrations } from '@purser/ledger';

import { type GrantId, grantCredits } from './credits.ts';
import type { EndRequest, HoldRequest, Leg } from './hold.ts';
import { metersMigrations } from './index.ts';
import type { MeterClass, MeterSpec } from './meter.ts';
import { Meters } from './meters.ts';

/** A migrated database with meters over it and a clock that stands still: what the tests of this room share. */
export interface MeterBench {
  readonly database: TestDatabase;
  readonly clock: TestClock;
  readonly meters: Meters;
  /** Another process's meters over the same database. */
  another(): Meters;
  grant(workspace: WorkspaceId, credits: bigint, more?: Partial<Parameters<typeof grantCredits>[2]>): Promise<GrantId>;
  close(): Promise<void>;
}

export const MONTH_START = Temporal.Instant.from('2026-11-01T00:00:00Z');
export const MONTH_END = Temporal.Instant.from('2026-12-01T00:00:00Z');

export async function openMeterBench(): Promise<MeterBench> {
  const database = await createTestDatabase([ledgerMigrations, metersMigrations]);
  const clock = new TestClock(Temporal.Instant.from('2026-11-10T12:00:00Z'));
  const pools: Pool[] = [];
  const opened: Meters[] = [];
  const open = (): Meters => {
    const pool = openPool(database.url, { connections_max: 1 });
    pools.push(pool);
    // Ends go with the holds asked beside them, so that a test can say what is in a batch.
    const meters = new Meters({ pool, clock, end_wait_ms: 0 }, database.pool);
    opened.push(meters);
    return meters;
  };
  return {
    database,
    clock,
    meters: open(),
    another: open,
    async grant(workspace, credits, more = {}) {
      const id = newId<'grant'>();
      await grantCredits(database.pool, clock.now(), {
        id,
        workspace,
        source: 'monthly',
        credits,
        expires_at: null,
        reason: 'test',
        ...more,
      });
      return id;
    },
    async close() {
      await Promise.all(opened.map((meters) => meters.idle()));
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
    },
  };
}

export function meter(
  workspace: WorkspaceId,
  key: string,
  cap: bigint | null,
  kind: MeterClass = 'quota',
  unit: string = key,
): MeterSpec {
  return { workspace, key, unit, class: kind, window_start: MONTH_START, window_end: MONTH_END, cap };
}

export function holdOf(
  bench: MeterBench,
  workspace: WorkspaceId,
  legs: readonly Leg[],
  more: Partial<HoldRequest> = {},
): HoldRequest {
  const cost = legs.find((leg) => leg.meter.class === 'cost')?.amount ?? 0n;
  return {
    id: newId<'hold'>(),
    workspace,
    expires_at: bench.clock.now().add({ seconds: 60 }),
    legs,
    plan: 'PRO',
    provider: 'acme',
    cost: { amount: cost, unit: 'USD' },
    reported: { amount: cost, unit: 'USD' },
    ...more,
  };
}

export function settleOf(hold: HoldRequest, actuals: readonly bigint[], more: { readonly answer?: string } = {}): EndRequest {
  const cost = actuals[hold.legs.findIndex((leg) => leg.meter.class === 'cost')] ?? 0n;
  return {
    kind: 'settle',
    hold: hold.id,
    workspace: hold.workspace,
    actuals,
    cost,
    reported: cost,
    provider: hold.provider,
    ...more,
  };
}
