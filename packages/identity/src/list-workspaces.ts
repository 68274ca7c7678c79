import { isUuid, type Refusal, refuse } from '@purser/core';
import type { Pool } from '@purser/database';

import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

export interface WorkspaceSearch {
  /** A part of the name, or the whole of an id or external_id. */
  readonly search?: string;
  readonly plan?: string;
  /** As `next_cursor` gave it. */
  readonly cursor?: string;
  readonly limit?: number;
}

export interface WorkspacePage {
  /** Newest first. */
  readonly workspaces: readonly Workspace[];
  /** Null: that was all. */
  readonly next_cursor: string | null;
}

const LIMIT = 50;
const LIMIT_MAX = 500;

/** One page of workspaces. Ids grow with time, so a page goes on after an id however many were added meanwhile. */
export async function listWorkspaces(
  pool: Pool,
  { search, plan, cursor, limit = LIMIT }: WorkspaceSearch,
): Promise<WorkspacePage | Refusal> {
  if (cursor !== undefined && !isUuid(cursor)) return refuse('invalid_request', 'the cursor is not one that a page gave');
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return refuse('invalid_request', `limit wants 1 to ${LIMIT_MAX}; got ${limit}`);
  }
  const { rows } = await pool.query<WorkspaceRow>(
    `select ${WORKSPACE_COLUMNS} from identity.workspace
     where erased_at is null and ($1::uuid is null or workspace_id < $1)
       and ($2::text is null or name ilike $3 or external_id = $2 or workspace_id::text = lower($2))
       and ($4::text is null or plan = $4)
     order by workspace_id desc limit $5`,
    [cursor ?? null, search ?? null, `%${(search ?? '').replace(/[\\%_]/g, String.raw`\$&`)}%`, plan ?? null, limit + 1],
  );
  const workspaces = rows.slice(0, limit).map(workspaceFromRow);
  return { workspaces, next_cursor: rows.length > limit ? (workspaces.at(-1)?.id ?? null) : null };
}
