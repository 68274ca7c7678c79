import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

import { CHANGE_COLUMNS, type LicenseChange } from './announce.ts';
import type { LicenseEvent } from './license-of.ts';

const LATEST_MAX = 50;

/** The latest changes of one workspace, newest first; at most 50. */
export async function licenseHistory(tx: Queryable, workspace: WorkspaceId): Promise<LicenseChange[]> {
  const { rows } = await tx.query<LicenseChange>(
    `select ${CHANGE_COLUMNS} from license.change where workspace_id = $1 order by id desc limit ${LATEST_MAX}`,
    [workspace],
  );
  return rows;
}

export interface RecordedEvent extends Pick<LicenseEvent, 'id' | 'kind' | 'at' | 'reference'> {
  readonly recorded_at: Temporal.Instant;
}

/** What its license follows from: the latest events by their own time, newest first; at most 50. */
export async function licenseEvents(tx: Queryable, workspace: WorkspaceId): Promise<RecordedEvent[]> {
  const { rows } = await tx.query<RecordedEvent>(
    `select event_id as id, kind, at, reference, recorded_at from license.event where workspace_id = $1
     order by ranked_at desc limit ${LATEST_MAX}`,
    [workspace],
  );
  return rows;
}
