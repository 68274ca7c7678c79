import { repeat, type Repetition } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import type { Log } from '@purser/log';

/** How many postings a step takes: accounts are few, so any number is cheap; the more of one workspace, the fewer rows are kept. */
export interface StepSizes {
  readonly account_rows_max: number;
  readonly margin_rows: number;
}

const SIZES: StepSizes = { account_rows_max: 50_000, margin_rows: 200_000 };

/**
 * Brings the daily sums up to the oldest running transaction, a bounded step at a time: those by account and
 * model wholly, those by workspace by whole steps. Returns how many postings it added to the sums by account.
 */
export async function rollUp(pool: Pool, sizes: StepSizes = SIZES): Promise<number> {
  const accounts = await whileFull(pool, 'ledger.roll_up_accounts', sizes.account_rows_max);
  await whileFull(pool, 'ledger.roll_up_models', sizes.account_rows_max);
  await whileFull(pool, 'ledger.roll_up_margins', sizes.margin_rows);
  return accounts;
}

type Step = 'ledger.roll_up_accounts' | 'ledger.roll_up_models' | 'ledger.roll_up_margins';

async function whileFull(pool: Pool, step: Step, rows: number): Promise<number> {
  for (let total = 0; ;) {
    const rolled = await transaction(pool, async (connection) => {
      const result = await connection.query<{ rolled: number }>(`select ${step}($1) as rolled`, [rows]);
      return result.rows[0]?.rolled ?? 0;
    });
    total += rolled;
    if (rolled < rows) return total;
  }
}

/** Keeps the daily sums close behind the postings. Any number of processes may: one works at a time. */
export function startRollUp({ pool, every_ms, log }: { pool: Pool; every_ms: number; log: Pick<Log, 'error'> }): Repetition {
  return repeat(
    every_ms,
    () => rollUp(pool),
    (err) => log.error({ err }, 'the daily sums of the ledger could not be updated'),
  );
}
