import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';

import { type Alert, ALERT_COLUMNS, OPERATOR_ALERT_COLUMNS } from './alert.ts';
import type { AlertKind } from './alert-kinds.ts';

export interface AlertSearch {
  readonly unseen?: boolean | undefined;
  readonly kind?: AlertKind | undefined;
  /** As `next_cursor` gave it. */
  readonly cursor?: string | null | undefined;
  readonly limit?: number | undefined;
}

export interface AlertPage {
  /** Newest first. */
  readonly alerts: readonly Alert[];
  /** Null: that was all. */
  readonly next_cursor: string | null;
}

const LIMIT = 50;
const LIMIT_MAX = 200;

/** Alerts of a workspace that it may see, read as the role that row-level security binds. */
export function listAlerts(pool: Pool, workspace: WorkspaceId, search: AlertSearch): Promise<AlertPage | Refusal> {
  return page(search, (values, limit) =>
    workspaceTransaction(pool, workspace, async (connection) => {
      const { rows } = await connection.query<Alert>(
        `select ${ALERT_COLUMNS} from notify.alert where workspace_id = $4
           and ($1::uuid is null or alert_id < $1) and ($2::text is null or kind = $2) and (not $3 or seen_at is null)
         order by alert_id desc limit $5`,
        [...values, workspace, limit],
      );
      return rows;
    }),
  );
}

/** Alerts of all workspaces and of the platform, or of one, for the operator. */
export function listAllAlerts(pool: Pool, workspace: WorkspaceId | null, search: AlertSearch): Promise<AlertPage | Refusal> {
  return page(search, async (values, limit) => {
    const { rows } = await pool.query<Alert>(
      `select ${OPERATOR_ALERT_COLUMNS} from notify.alert where ($4::uuid is null or workspace_id = $4)
         and ($1::uuid is null or alert_id < $1) and ($2::text is null or kind = $2) and (not $3 or operator_seen_at is null)
       order by alert_id desc limit $5`,
      [...values, workspace, limit],
    );
    return rows;
  });
}

async function page(
  { cursor, kind, unseen = false, limit = LIMIT }: AlertSearch,
  read: (values: readonly unknown[], limit: number) => Promise<Alert[]>,
): Promise<AlertPage | Refusal> {
  const before = cursor ?? null;
  if (before !== null && !isUuid(before))
    return refuse('invalid_request', 'the cursor is not valid; want `next_cursor` of the page before');
  const size = Math.min(LIMIT_MAX, Math.max(1, limit));
  const rows = await read([before, kind ?? null, unseen], size + 1);
  const alerts = rows.slice(0, size);
  return { alerts, next_cursor: rows.length > size ? (alerts.at(-1)?.id ?? null) : null };
}

/** Marks an alert of a workspace as seen; said again it keeps who saw it first. Refuses what is not there for it as `not_found`. */
export function markSeen(
  pool: Pool,
  workspace: WorkspaceId,
  seen: { readonly id: string; readonly by: string; readonly now: Temporal.Instant },
): Promise<Alert | Refusal> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<Alert>(
      `update notify.alert set seen_at = coalesce(seen_at, $3), seen_by = coalesce(seen_by, $4) where alert_id = $1 and workspace_id = $2
       returning ${ALERT_COLUMNS}`,
      [seen.id, workspace, seen.now.toString(), seen.by],
    );
    return rows[0] ?? refuse('not_found', `there is no alert ${seen.id}`);
  });
}

/** The operator has seen it; the customer's own mark stays as it is. */
export async function markSeenByOperator(
  pool: Pool,
  seen: { readonly id: string; readonly by: string; readonly now: Temporal.Instant },
): Promise<Alert | Refusal> {
  const { rows } = await pool.query<Alert>(
    `update notify.alert set operator_seen_at = coalesce(operator_seen_at, $2), operator_seen_by = coalesce(operator_seen_by, $3)
     where alert_id = $1 returning ${OPERATOR_ALERT_COLUMNS}`,
    [seen.id, seen.now.toString(), seen.by],
  );
  return rows[0] ?? refuse('not_found', `there is no alert ${seen.id}`);
}
