import { isRefusal, isUuid, type Refusal, RefusalError, refuse } from '@purser/core';
import type { Pool } from '@purser/database';

import { type License, type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** What workspaces are ordered by; a minus in front turns the order round. */
export const WORKSPACE_SORTS = ['-created_at', 'created_at', 'name', '-name', 'plan', '-plan', 'license', '-license'] as const;
export type WorkspaceSort = (typeof WORKSPACE_SORTS)[number];

export interface WorkspaceSearch {
  /** A part of the name, or the whole of an id or external_id. */
  readonly search?: string;
  readonly plan?: string;
  readonly license?: License;
  /** Without it the newest first. */
  readonly sort?: WorkspaceSort;
  /** As `next_cursor` gave it. */
  readonly cursor?: string;
  readonly limit?: number;
}

export interface WorkspacePage {
  readonly workspaces: readonly Workspace[];
  /** Of all pages together. */
  readonly total: number;
  /** Null: that was all. */
  readonly next_cursor: string | null;
}

const LIMIT = 50;
const LIMIT_MAX = 500;

/** Ids grow with time, so they stand for it. */
const KEYS = { created_at: 'workspace_id::text', name: 'lower(name)', plan: 'plan', license: 'license' } as const;

const OF_SEARCH = `erased_at is null
  and ($1::text is null or name ilike $2 or external_id = $1 or workspace_id::text = lower($1))
  and ($3::text is null or plan = $3) and ($4::text is null or license = $4)`;

/** One page of workspaces, and how many there are. */
export async function listWorkspaces(pool: Pool, wanted: WorkspaceSearch): Promise<WorkspacePage | Refusal> {
  const [page, counted] = await Promise.all([
    readPage(pool, wanted),
    pool.query<{ total: number }>(
      `select count(*)::integer as total from identity.workspace where ${OF_SEARCH}`,
      filterOf(wanted),
    ),
  ]);
  return isRefusal(page) ? page : { ...page, total: counted.rows[0]?.total ?? 0 };
}

/** Every workspace that is found, a batch at a time; nobody asks how many there are. @throws RefusalError for a search that is not valid. */
export async function* eachWorkspace(
  pool: Pool,
  wanted: Omit<WorkspaceSearch, 'cursor' | 'limit'>,
): AsyncGenerator<readonly Workspace[]> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: Rows | Refusal = await readPage(pool, { ...wanted, limit: LIMIT_MAX, ...(cursor && { cursor }) });
    if (isRefusal(page)) throw new RefusalError(page);
    yield page.workspaces;
    cursor = page.next_cursor;
  }
}

type Rows = Omit<WorkspacePage, 'total'>;

function filterOf({ search, plan, license }: WorkspaceSearch): (string | null)[] {
  return [search ?? null, `%${(search ?? '').replace(/[\\%_]/g, String.raw`\$&`)}%`, plan ?? null, license ?? null];
}

/** A page goes on after a row, not after a count, so none is skipped or shown twice however many are added. */
async function readPage(pool: Pool, wanted: WorkspaceSearch): Promise<Rows | Refusal> {
  const { sort = '-created_at', limit = LIMIT } = wanted;
  const after = wanted.cursor === undefined ? null : readCursor(wanted.cursor);
  if (after === undefined) return refuse('invalid_request', 'the cursor is not valid; want `next_cursor` of the page before');
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return refuse('invalid_request', `limit wants 1 to ${LIMIT_MAX}; got ${limit}`);
  }
  const down = sort.startsWith('-');
  const key = KEYS[sort.replace('-', '') as keyof typeof KEYS];
  const [order, beyond] = down ? ['desc', '<'] : ['asc', '>'];
  const { rows } = await pool.query<WorkspaceRow & { key: string }>(
    `select ${WORKSPACE_COLUMNS}, ${key} as key from identity.workspace
     where ${OF_SEARCH} and ($5::text is null or (${key}, workspace_id) ${beyond} ($5, $6::uuid))
     order by ${key} ${order}, workspace_id ${order} limit $7`,
    [...filterOf(wanted), after?.key ?? null, after?.id ?? null, limit + 1],
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    workspaces: rows.slice(0, limit).map(workspaceFromRow),
    next_cursor: last === undefined ? null : `${last.workspace_id}.${Buffer.from(last.key).toString('base64url')}`,
  };
}

/** The row a page goes on after; undefined: no cursor of ours. */
function readCursor(cursor: string): { readonly id: string; readonly key: string } | undefined {
  const [id = '', key, ...rest] = cursor.split('.');
  if (!isUuid(id) || key === undefined || rest.length > 0 || !/^[\w-]*$/.test(key)) return undefined;
  return { id, key: Buffer.from(key, 'base64url').toString().replaceAll('\0', '') };
}

/** How many there are, and how many of them are new since a moment. */
export interface WorkspaceCounts {
  readonly total: number;
  readonly created: number;
  readonly grace: number;
  readonly cancelled: number;
}

export async function countWorkspaces(pool: Pool, since: Temporal.Instant): Promise<WorkspaceCounts> {
  const { rows } = await pool.query<WorkspaceCounts>(
    `select count(*)::integer as total, (count(*) filter (where created_at >= $1))::integer as created,
       (count(*) filter (where license = 'grace'))::integer as grace,
       (count(*) filter (where license = 'cancelled'))::integer as cancelled
     from identity.workspace where erased_at is null`,
    [since.toString()],
  );
  return rows[0] ?? { total: 0, created: 0, grace: 0, cancelled: 0 };
}
