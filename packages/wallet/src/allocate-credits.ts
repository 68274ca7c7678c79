import type { WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import { type GrantId, grantCredits } from '@purser/meters';

/** Credits agreed with one customer, with the time they are good for. */
export interface CustomCredits {
  /** The same id again allocates nothing. */
  readonly id: GrantId;
  readonly workspace: WorkspaceId;
  readonly credits: bigint;
  /** Null: from now on. */
  readonly valid_from: Temporal.Instant | null;
  /** Null: they never expire. */
  readonly expires_at: Temporal.Instant | null;
  readonly reason: string;
}

const AT_ONCE_MAX = 200;

/** Grants them, or writes down that they are to be granted when their time comes; in the caller's transaction. */
export async function allocateCredits(connection: Connection, now: Temporal.Instant, wanted: CustomCredits): Promise<void> {
  const { id, workspace, credits, valid_from, expires_at, reason } = wanted;
  if (valid_from === null || Temporal.Instant.compare(valid_from, now) <= 0) {
    await grantCredits(connection, now, { id, workspace, source: 'allocation', credits, expires_at, reason });
    return;
  }
  await connection.query(
    `insert into wallet.scheduled_grant (grant_id, workspace_id, credits, valid_from, expires_at, reason)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [id, workspace, credits, valid_from.toString(), expires_at?.toString() ?? null, reason],
  );
}

interface Due {
  readonly id: GrantId;
  readonly workspace: WorkspaceId;
  readonly credits: bigint;
  readonly expires_at: Temporal.Instant | null;
  readonly reason: string;
}

/** Grants what has come into its time; returns how many. Any number of servers may: a grant's id makes it count once. */
export async function grantScheduled(pool: Pool, now: Temporal.Instant): Promise<number> {
  return transaction(pool, async (connection) => {
    const { rows } = await connection.query<Due>(
      `select grant_id as id, workspace_id as workspace, credits, expires_at, reason from wallet.scheduled_grant
       where done_at is null and valid_from <= $1 order by workspace_id, grant_id limit ${AT_ONCE_MAX} for update skip locked`,
      [now.toString()],
    );
    for (const grant of rows) {
      if (grant.expires_at !== null && Temporal.Instant.compare(grant.expires_at, now) <= 0) continue;
      await grantCredits(connection, now, { ...grant, source: 'allocation' });
    }
    await connection.query('update wallet.scheduled_grant set done_at = $1 where grant_id = any($2::uuid[])', [
      now.toString(),
      rows.map(({ id }) => id),
    ]);
    return rows.length;
  });
}
