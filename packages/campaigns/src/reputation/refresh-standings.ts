import type { WorkspaceId } from '@purser/core';
import { type Connection, transaction } from '@purser/database';

import type { CampaignsDeps } from '../deps.ts';
import { judgeSender } from './sender-level.ts';
import { firstDay, standingOf } from './sender-standing.ts';

/** At a time. */
const SENDERS_MAX = 500;
const DAYS_FORGOTTEN_MAX = 10_000;

/** Lets senders go on whose rates have fallen as days passed, and forgets days that count no more. Returns how many got better. */
export async function refreshStandings({ pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>): Promise<number> {
  const now = clock.now();
  let better = 0;
  for (let after: WorkspaceId | null = null, more = true; more;) {
    const { rows }: { rows: { workspace_id: WorkspaceId }[] } = await pool.query(
      `select workspace_id from campaigns.sender_standing where $1::uuid is null or workspace_id > $1 order by workspace_id limit $2`,
      [after, SENDERS_MAX],
    );
    for (const { workspace_id } of rows)
      if (await transaction(pool, (connection) => improve(connection, workspace_id, now))) better += 1;
    after = rows.at(-1)?.workspace_id ?? null;
    more = rows.length === SENDERS_MAX;
  }
  await pool.query(
    `delete from campaigns.sender_day where (workspace_id, day) in (
       select workspace_id, day from campaigns.sender_day where day < $1 order by day limit $2)`,
    [firstDay(now), DAYS_FORGOTTEN_MAX],
  );
  return better;
}

async function improve(connection: Connection, workspace: WorkspaceId, now: Temporal.Instant): Promise<boolean> {
  await connection.query('select from campaigns.sender_standing where workspace_id = $1 for update', [workspace]);
  const standing = await standingOf(connection, workspace, now);
  const { level } = judgeSender(standing);
  if (level === standing.level || level === 'stopped') return false;
  const changed =
    level === 'good'
      ? await connection.query('delete from campaigns.sender_standing where workspace_id = $1', [workspace])
      : await connection.query(`update campaigns.sender_standing set level = $2, since = $3 where workspace_id = $1`, [
          workspace,
          level,
          now.toString(),
        ]);
  return changed.rowCount === 1;
}
