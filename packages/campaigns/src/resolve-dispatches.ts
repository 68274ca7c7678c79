import type { HoldId } from '@purser/core';
import { type Connection, transaction } from '@purser/database';
import { listUnresolved, resolveUnresolved } from '@purser/meters';

import type { CampaignsDeps } from './deps.ts';

/** At a time. */
const DISPATCHES_MAX = 200;
/** A call that is under way writes down itself what it came to. */
const LEFT_FOR = { minutes: 2 };

interface Open {
  readonly transaction_id: HoldId;
  readonly cost_each: bigint;
}

/**
 * What messages cost whose worker was killed before it could say so: what the carrier took, by the send ledger. The hold of such a call
 * expires as unresolved and is resolved here, to the cost of the messages that were accepted; who is unconfirmed is charged to nobody.
 */
export async function resolveDispatches({ pool, clock, meters }: CampaignsDeps): Promise<number> {
  const now = clock.now();
  const { rows } = await pool.query<Open>(
    `select d.transaction_id, d.cost_each from campaigns.dispatch d
     where d.cost is null and d.began_at < $1
       and not exists (select from campaigns.recipient r where r.transaction_id = d.transaction_id and r.state = 'sending')
     order by d.began_at limit $2`,
    [now.subtract(LEFT_FOR).toString(), DISPATCHES_MAX],
  );
  const unresolved = new Set(
    (await listUnresolved(pool, { holds: rows.map((row) => row.transaction_id), limit: DISPATCHES_MAX })).map(
      (one) => one.hold_id,
    ),
  );
  let resolved = 0;
  for (const { transaction_id, cost_each } of rows) {
    // A hold that is still open expires by itself; then it is looked at again.
    if (!unresolved.has(transaction_id) && (await meters.find(transaction_id))?.state === 'open') continue;
    await transaction(pool, async (connection) => {
      const cost = cost_each * (await countTaken(connection, transaction_id, now));
      if (unresolved.has(transaction_id)) await resolveUnresolved(connection, now, [{ hold: transaction_id, cost }]);
      await connection.query('update campaigns.dispatch set cost = $2 where transaction_id = $1 and cost is null', [
        transaction_id,
        cost,
      ]);
    });
    resolved++;
  }
  return resolved;
}

/** How many messages of a call the carrier has taken, those that were found included: they are booked with it. */
async function countTaken(connection: Connection, transaction_id: HoldId, now: Temporal.Instant): Promise<bigint> {
  const { rows } = await connection.query<{ taken: bigint }>(
    `with found as (
       update campaigns.recipient set booked_at = $2 where transaction_id = $1 and found_at is not null and booked_at is null
     )
     select count(*) as taken from campaigns.recipient where transaction_id = $1 and message_id is not null`,
    [transaction_id, now.toString()],
  );
  return rows[0]?.taken ?? 0n;
}
