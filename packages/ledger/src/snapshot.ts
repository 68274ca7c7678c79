import { Fault } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';

import type { Position } from './page.ts';

/**
 * Runs `work` on one snapshot of the books, with the position up to which the daily sums by account, workspace or model go:
 * sums through it plus the postings after it are exactly the postings of the snapshot.
 */
export async function onSnapshot<T>(
  pool: Pool,
  sums: 'account' | 'margin' | 'model',
  work: (connection: Connection, rolled: Position) => Promise<T>,
): Promise<T> {
  return transaction(
    pool,
    async (connection) => {
      const { rows } = await connection.query<Position & { behind: boolean }>(
        'select xid, id, xid >= ledger.next_transaction_number() as behind from ledger.rollup_position where name = $1',
        [sums],
      );
      const rolled = rows[0];
      if (!rolled) throw new Fault('the position of the daily sums is missing from ledger.rollup_position', { retryable: false });
      if (rolled.behind) {
        throw new Fault(
          `the ledger goes to transaction ${rolled.xid}, beyond the counter of this database: it was restored from a dump; start the server once so that it continues from there`,
          { retryable: false },
        );
      }
      return work(connection, rolled);
    },
    'begin isolation level repeatable read read only',
  );
}
