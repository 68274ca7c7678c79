import type { Pool } from '@purser/database';

import { onSnapshot } from './snapshot.ts';

/** One account in one unit. `net` is debit − credit; over all accounts of a unit the nets add up to zero. */
export interface AccountBalance {
  readonly account: string;
  readonly unit: string;
  readonly debit: bigint;
  readonly credit: bigint;
  readonly net: bigint;
}

/** Every account per unit, from the daily sums and the postings they have not reached. */
export async function trialBalance(pool: Pool): Promise<AccountBalance[]> {
  return onSnapshot(pool, 'account', async (connection, rolled) => {
    const { rows } = await connection.query<{ account: string; unit: string; debit: string; credit: string }>(
      `with movement as (
         select debit, credit, unit, sum(amount) as amount from ledger.rollup_account_daily group by 1, 2, 3
         union all
         select debit, credit, unit, sum(amount) from ledger.posting where (xid, id) > ($1, $2) group by 1, 2, 3)
       select account, unit, sum(debited)::text as debit, sum(credited)::text as credit
       from (select debit as account, unit, amount as debited, 0 as credited from movement
             union all
             select credit, unit, 0, amount from movement) side
       group by 1, 2 order by unit, account`,
      [rolled.xid, rolled.id],
    );
    return rows.map((row) => {
      const debit = BigInt(row.debit);
      const credit = BigInt(row.credit);
      return { account: row.account, unit: row.unit, debit, credit, net: debit - credit };
    });
  });
}
