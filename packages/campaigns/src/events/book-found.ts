import type { HoldId } from '@purser/core';
import { transaction } from '@purser/database';
import { bookLate } from '@purser/meters';

import type { CampaignsDeps } from '../deps.ts';

/** At a time. */
const FOUND_MAX = 200;

interface Found {
  readonly recipient_id: HoldId;
  readonly transaction_id: HoldId;
  readonly cost_each: bigint;
}

/**
 * Books what messages cost that were unconfirmed when their call was settled, and of which the carrier said since that it had taken them:
 * each by itself and once, under the id of its recipient. Those of a call that is not settled are left to its own settlement.
 */
export async function bookFound({ pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>): Promise<number> {
  const { rows } = await pool.query<Found>(
    `select r.recipient_id, r.transaction_id, d.cost_each
     from campaigns.recipient r join campaigns.dispatch d using (transaction_id)
     where r.found_at is not null and r.booked_at is null and d.cost is not null order by r.found_at limit $1`,
    [FOUND_MAX],
  );
  let booked = 0;
  for (const { recipient_id, transaction_id, cost_each } of rows) {
    booked += await transaction(pool, async (connection) => {
      const now = clock.now();
      const { rowCount } = await connection.query(
        'update campaigns.recipient set booked_at = $2 where recipient_id = $1 and booked_at is null',
        [recipient_id, now.toString()],
      );
      // A call whose hold is gone has no place in the books any more, and a message that costs nothing needs none.
      if (rowCount === 0 || !(await bookLate(connection, now, { of: transaction_id, as: recipient_id, cost: cost_each })))
        return 0;
      await connection.query('update campaigns.dispatch set cost = cost + cost_each where transaction_id = $1', [transaction_id]);
      return 1;
    });
  }
  return booked;
}
