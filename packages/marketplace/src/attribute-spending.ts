import { type Pool, transaction, type WorkspaceId } from '@purser/base';
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
    const open = await openAfter(pool, after);
    for (const purchase of open) if (await attribute(pool, now, purchase)) booked += 1;
    const last = open.at(-1);
    if (open.length < PURCHASES_MAX || last === undefined) return booked;
    after = last.checkout_id;
  }
}

/** Locks nothing: most purchases have nothing new. */
async function openAfter(pool: Pool, after: string): Promise<(Open & { used: bigint })[]> {
  const { rows } = await pool.query<Open>(
    `select p.checkout_id, p.workspace_id, p.code, p.plan, p.attributed,
       array(select g.grant_id from marketplace.purchase_grant g where g.checkout_id = p.checkout_id) as grants
     from marketplace.purchase p where p.attributed < p.credits and p.checkout_id > $1
     order by p.checkout_id limit ${PURCHASES_MAX}`,
    [after],
  );
  const grants = rows.flatMap((row) => row.grants);
  const states = grants.length === 0 ? [] : await readGrants(pool, grants);
  const used = new Map(states.map((state) => [state.id, state.used]));
  return rows.map((row) => ({ ...row, used: row.grants.reduce((sum, grant) => sum + (used.get(grant) ?? 0n), 0n) }));
}

/** False: there was nothing new, or another server was first. */
async function attribute(pool: Pool, now: Temporal.Instant, purchase: Open & { used: bigint }): Promise<boolean> {
  const { checkout_id, workspace_id, code, plan, attributed, used } = purchase;
  if (used <= attributed) return false;
  return transaction(pool, async (connection) => {
    const { rowCount } = await connection.query(
      'update marketplace.purchase set attributed = $3 where checkout_id = $1 and attributed = $2',
      [checkout_id, attributed, used],
    );
    if (rowCount !== 1) return false;
    await connection.query(
      `select ledger.post_many($1, array[$2, $2]::uuid[], array[null, null]::uuid[], $3, $4, array[$5, $5]::bigint[],
         array['credit', 'credit'], array[null, null]::bigint[], array[null, null]::text[], array[$6, $6]::text[])`,
      [now.toString(), workspace_id, ['wallet', 'spent'], [`spent:pack:${code}`, 'wallet'], used - attributed, plan],
    );
    return true;
  });
}
