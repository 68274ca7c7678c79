import { PLATFORM, type WorkspaceId } from '@purser/core';
import type { Position } from '@purser/ledger';

import type { Json } from './append-audit.ts';

/** A deed as it was written down. */
export interface Entry extends Position {
  readonly at: Temporal.Instant;
  readonly actor: string;
  /** Null for what belongs to no workspace. */
  readonly workspace: WorkspaceId | null;
  readonly action: string;
  readonly subject: string;
  readonly detail: { readonly [key: string]: Json };
}

export const ENTRY_COLUMNS = `xid, id, at, actor, nullif(workspace_id, '${PLATFORM}') as workspace, action, subject, detail`;
