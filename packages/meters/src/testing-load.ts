import { type Clock, Fault, type HoldId, PLATFORM, type WorkspaceId } from '@purser/core';
import { baseMigrations, migrate, newId, type Pool } from '@purser/database';
import { ledgerMigrations } from '@purser/ledger';

import { metersMigrations } from './index.ts';
import type { Meters } from './meters.ts';
import { MONTH_END, MONTH_START } from './testing.ts';

export async function migrateAll(pool: Pool): Promise<void> {
  await migrate(pool, [baseMigrations, ledgerMigrations, metersMigrations]);
}

/** What callers have been told by the meters: nothing of it may be lost. */
export interface Told {
  readonly held: Set<HoldId>;
  readonly settled: Set<HoldId>;
  readonly faults: Fault[];
}

const COST = 7n;

/** So many callers that hold and settle one after the other until they are stopped; a fault is taken as told, and tried again. */
export async function loadUntil(
  meters: Meters,
  clock: Clock,
  { callers, stopped, onSettled }: { callers: number; stopped: () => boolean; onSettled?: (hold: HoldId) => void },
): Promise<Told> {
  const told: Told = { held: new Set(), settled: new Set(), faults: [] };
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const workspace = newId<'workspace'>();
      while (!stopped()) {
        try {
          const settled = await oneCall(meters, clock, workspace, told);
          onSettled?.(settled);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          told.faults.push(error);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    }),
  );
  return told;
}

async function oneCall(meters: Meters, clock: Clock, workspace: WorkspaceId, told: Told): Promise<HoldId> {
  const window = { window_start: MONTH_START, window_end: MONTH_END };
  const cost = { amount: 10n, unit: 'USD' };
  const id = newId<'hold'>();
  const outcome = await meters.hold({
    id,
    workspace,
    expires_at: clock.now().add({ seconds: 60 }),
    legs: [
      { meter: { workspace, key: 'cost', unit: 'USD', class: 'cost', cap: 1_000_000_000n, ...window }, amount: 10n },
      { meter: { workspace: PLATFORM, key: 'budget', unit: 'USD', class: 'cost', cap: 1_000_000_000n, ...window }, amount: 10n },
    ],
    plan: 'PRO',
    provider: 'acme',
    cost,
    reported: cost,
  });
  if (outcome.kind !== 'held') throw new Error(`the load is admitted, not ${outcome.kind}`);
  told.held.add(id);
  const end = await meters.end({
    kind: 'settle',
    hold: id,
    workspace,
    actuals: [COST, COST],
    cost: COST,
    reported: COST,
    provider: 'acme',
  });
  if (end.before !== 'open') throw new Error(`a hold ended twice: it was ${end.before}`);
  told.settled.add(id);
  return id;
}
