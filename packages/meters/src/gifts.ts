import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

import type { GrantId } from './credits.ts';

/** Credits that were given away, and what became of them. */
export interface Gift {
  readonly id: GrantId;
  readonly granted_at: Temporal.Instant;
  readonly expires_at: Temporal.Instant | null;
  readonly reason: string | null;
  readonly credits: bigint;
  readonly used: bigint;
  /** By running calls. */
  readonly held: bigint;
  /** Expired, or taken back. */
  readonly gone: bigint;
}

const GIFTS_MAX = 100;

/** The newest gifts of a workspace, for operators. */
export async function listGifts(pool: Pool, workspace: WorkspaceId): Promise<Gift[]> {
  const { rows } = await pool.query<Gift>(
    `select id, granted_at, expires_at, reason, amount as credits, used, held, expired as gone from meters.grant
     where workspace_id = $1 and source = 'gift' order by granted_at desc, id desc limit ${GIFTS_MAX}`,
    [workspace],
  );
  return rows;
}

/** Whose gift that is; undefined: there is no gift of that id. */
export async function workspaceOfGift(pool: Pool, gift: GrantId): Promise<WorkspaceId | undefined> {
  const { rows } = await pool.query<{ workspace: WorkspaceId }>(
    `select workspace_id as workspace from meters.grant where id = $1 and source = 'gift'`,
    [gift],
  );
  return rows[0]?.workspace;
}
