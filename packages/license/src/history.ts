import type { Queryable, WorkspaceId } from '@purser/base';

import { CHANGE_COLUMNS, type LicenceChange } from './announce.ts';
import type { LicenceEvent } from './licence-of.ts';

const LATEST_MAX = 50;

/** The latest changes of one workspace, newest first; at most 50. */
export async function licenceHistory(on: Queryable, workspace: WorkspaceId): Promise<LicenceChange[]> {
  const { rows } = await on.query<LicenceChange>(
    `select ${CHANGE_COLUMNS} from license.change where workspace_id = $1 order by id desc limit ${LATEST_MAX}`,
    [workspace],
  );
  return rows;
}

export interface RecordedEvent extends Pick<LicenceEvent, 'id' | 'kind' | 'at' | 'reference'> {
  readonly recorded_at: Temporal.Instant;
}

/** What its licence follows from: the latest events by their own time, newest first; at most 50. */
export async function licenceEvents(on: Queryable, workspace: WorkspaceId): Promise<RecordedEvent[]> {
  const { rows } = await on.query<RecordedEvent>(
    `select event_id as id, kind, at, reference, recorded_at from license.event where workspace_id = $1
     order by ranked_at desc limit ${LATEST_MAX}`,
    [workspace],
  );
  return rows;
}
