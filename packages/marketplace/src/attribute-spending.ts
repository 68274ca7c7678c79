import { type Connection, type Pool, transaction, type WorkspaceId } from '@purser/base';
import { type GrantId, readGrants } from '@purser/meters';

interface Open {
  readonly checkout_id: string;
  readonly workspace_id: WorkspaceId;
  readonly code: string;
  readonly plan: string;
  readonly attributed: bigint;
  readonly grants: readonly GrantId[];
}

const PURCHASES_MAX = 1_000;

/**
 * Names spent credits after the pack they came from, so that a pack bears its share of the cost: `wallet` ← `spent:pack:<code>` and
 * `spent` ← `wallet`, which leaves the sums of both as they are. Afterwards rather than in the settle, which then is no slower.
 * Any number of servers may do it; returns how many purchases it booked for.
 */
export async function attributeSpending(pool: Pool, now: Temporal.Instant): Promise<number> {
  let booked = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const step = await transaction(pool, (connection) => attributeAfter(connection, now, after));
    booked += step.booked;
    if (step.last === undefined) return booked;
    after = step.last;
  }
}

async function attributeAfter(
  on: Connection,
  now: Temporal.Instant,
  after: string,
): Promise<{ booked: number; last: string | undefined }> {
  const { rows } = await on.query<Open>(
    `select p.checkout_id, p.workspace_id, p.code, p.plan, p.attributed,
       array(select g.grant_id from marketplace.purchase_grant g where g.checkout_id = p.checkout_id) as grants
     from marketplace.purchase p where p.attributed < p.credits and p.checkout_id > $1
     order by p.checkout_id limit ${PURCHASES_MAX} for update skip locked`,
    [after],
  );
  const states = new Map(
    (
      await readGrants(
        on,
        rows.flatMap(({ grants }) => grants),
      )
    ).map((state) => [state.id, state]),
  );
  let booked = 0;
  for (const { checkout_id, workspace_id, code, plan, attributed, grants } of rows) {
    const used = grants.reduce((sum, grant) => sum + (states.get(grant)?.used ?? 0n), 0n);
    const fresh = used - attributed;
    if (fresh <= 0n) continue;
    await on.query(
      `select ledger.post_many($1, array[$2, $2]::uuid[], array[null, null]::uuid[], $3, $4, array[$5, $5]::bigint[],
         array['credit', 'credit'], array[null, null]::bigint[], array[null, null]::text[], array[$6, $6]::text[])`,
      [now.toString(), workspace_id, ['wallet', 'spent'], [`spent:pack:${code}`, 'wallet'], fresh, plan],
    );
    await on.query('update marketplace.purchase set attributed = $2 where checkout_id = $1', [checkout_id, used]);
    booked += 1;
  }
  return { booked, last: rows.length < PURCHASES_MAX ? undefined : rows.at(-1)?.checkout_id };
}
