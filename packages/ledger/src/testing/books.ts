import { setTimeout as wait } from 'node:timers/promises';

import type { HoldId, WorkspaceId } from '@purser/core';
import { newId, type Pool, type Queryable } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';

import { ledgerMigrations, rollUp } from '../index.ts';

const POLL_MS = 5;

export function createBooks(connections_max?: number): Promise<TestDatabase> {
  return createTestDatabase([ledgerMigrations], connections_max);
}

/** One posting as a test writes it; what is left out is plain. */
export interface Entry {
  readonly at?: string;
  readonly workspace?: WorkspaceId;
  readonly hold?: HoldId | null;
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly unit: string;
  readonly reported?: [bigint, string];
  readonly plan?: string;
}

export async function post(queryable: Queryable, entry: Entry): Promise<bigint> {
  const { rows } = await queryable.query<{ id: bigint }>('select ledger.post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as id', [
    entry.at ?? '2026-03-10T12:00:00Z',
    entry.workspace ?? newId<'workspace'>(),
    entry.hold ?? null,
    entry.debit,
    entry.credit,
    entry.amount,
    entry.unit,
    entry.reported?.[0] ?? null,
    entry.reported?.[1] ?? null,
    entry.plan ?? null,
  ]);
  return rows[0]?.id ?? 0n;
}

/** Rolls up until no posting is left out: a transaction of any database on the server may hold the horizon for a moment. */
export async function rollUpAll(pool: Pool): Promise<void> {
  for (;;) {
    await rollUp(pool, { account_rows_max: 1_000, margin_rows: 1 });
    const { rows } = await pool.query<{ left: boolean }>(
      'select exists (select from ledger.posting p, ledger.rollup_position r where (p.xid, p.id) > (r.xid, r.id)) as left',
    );
    if (rows[0]?.left === false) return;
    await wait(POLL_MS);
  }
}

/** Waits until every posting is below the horizon. */
export async function horizonPassed(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ passed: boolean }>(
      'select coalesce(max(xid) < ledger.horizon(), true) as passed from ledger.posting',
    );
    if (rows[0]?.passed === true) return;
    await wait(POLL_MS);
  }
}

const VICTIM_WITHIN_MS = 10_000;

/**
 * Runs `work` while `table` is locked, kills its backend once it waits for that lock, and returns what `work` met.
 * So it dies in the middle: after what it did before it came to the table, and before the rest.
 */
export async function killedAt(pool: Pool, table: string, work: () => Promise<unknown>): Promise<unknown> {
  await horizonPassed(pool);
  const blocker = await pool.connect();
  try {
    await blocker.query(`begin; lock table ${table} in access exclusive mode`);
    const outcome = work().then(
      () => undefined,
      (error: unknown) => error,
    );
    const deadline = performance.now() + VICTIM_WITHIN_MS;
    for (let victims = 0; victims === 0;) {
      if (performance.now() > deadline) throw new Error(`nothing came to wait for ${table}`);
      // Not by the blocker: inside a transaction this view stands still.
      const { rowCount } = await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      victims = rowCount ?? 0;
      await wait(POLL_MS);
    }
    return await outcome;
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
}

/** Rewrites history as only a superuser who disables the guards can. */
export async function tamper(pool: Pool, table: string, statement: string): Promise<void> {
  await pool.query(`alter table ${table} disable trigger user`);
  await pool.query(statement);
  await pool.query(`alter table ${table} enable always trigger append_only`);
}
