import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

import type { AlertId } from './alert.ts';
import { userOfSubject } from './fraud-subject.ts';
import type { AlertSearch } from './list-alerts.ts';

/** More credits of one user in the hour before `raised_at` than the plan takes for honest. */
export interface RaisedFraud {
  readonly id: AlertId;
  readonly workspace: WorkspaceId;
  /** The end user, else the key or session; null where the flag does not keep the name. */
  readonly user: string | null;
  readonly credits: bigint;
  readonly credits_max: bigint;
  readonly raised_at: Temporal.Instant;
  readonly seen_at: Temporal.Instant | null;
  readonly seen_by: string | null;
}

const LIMIT = 50;

/** Fraud flags of all workspaces, or of one, newest first. */
export async function listFraud(
  pool: Pool,
  workspace: WorkspaceId | null,
  { cursor, unseen = false, limit = LIMIT }: Omit<AlertSearch, 'kind'>,
): Promise<{ readonly flags: readonly RaisedFraud[]; readonly next_cursor: string | null } | Refusal> {
  const before = cursor ?? null;
  if (before !== null && !isUuid(before))
    return refuse('invalid_request', 'the cursor is not valid; want `next_cursor` of the page before');
  const { rows } = await pool.query<Omit<RaisedFraud, 'user'> & { readonly subject: string }>(
    `select alert_id as id, workspace_id as workspace, subject, value as credits, level as credits_max, raised_at,
       operator_seen_at as seen_at, operator_seen_by as seen_by
     from notify.alert where kind = 'fraud' and ($1::uuid is null or workspace_id = $1) and ($2::uuid is null or alert_id < $2)
       and (not $3 or operator_seen_at is null)
     order by alert_id desc limit $4`,
    [workspace, before, unseen, limit + 1],
  );
  const flags = rows.slice(0, limit).map(({ subject, ...flag }) => ({ ...flag, user: userOfSubject(subject) ?? null }));
  return { flags, next_cursor: rows.length > limit ? (flags.at(-1)?.id ?? null) : null };
}
