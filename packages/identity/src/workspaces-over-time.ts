import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** A workspace as it was until a change; the last one is as it is. */
interface Span {
  readonly workspace: Workspace;
  /** Null: until now. */
  readonly until: Temporal.Instant | null;
}

type PastRow = Pick<WorkspaceRow, 'workspace_id' | 'plan' | 'catalogue_version' | 'timezone' | 'overrides'> & {
  until: Temporal.Instant;
};

/**
 * A workspace at any time: plan, version, zone and overrides as they were; name, anchor and license as they are. At the instant of a
 * change what came of it holds. The same object for the same terms.
 */
export class WorkspaceOverTime {
  readonly #spans: readonly Span[];

  constructor(spans: readonly Span[]) {
    this.#spans = spans;
  }

  at(instant: Temporal.Instant): Workspace | undefined {
    return this.#spans.find(({ until }) => until === null || Temporal.Instant.compare(instant, until) < 0)?.workspace;
  }

  /** Of the catalog, that it ever stood on. */
  versions(): Set<string> {
    return new Set(this.#spans.map(({ workspace }) => workspace.catalogue_version));
  }
}

/** Those of these ids that there are. */
export async function workspacesOverTime(
  pool: Pool,
  ids: readonly string[],
): Promise<ReadonlyMap<WorkspaceId, WorkspaceOverTime>> {
  const [present, past] = await Promise.all([
    pool.query<WorkspaceRow>(`select ${WORKSPACE_COLUMNS} from identity.workspace where workspace_id = any($1::uuid[])`, [ids]),
    pool.query<PastRow>(
      `select workspace_id, plan, catalogue_version, timezone, overrides, until from identity.past_terms
       where workspace_id = any($1::uuid[]) order by workspace_id, id`,
      [ids],
    ),
  ]);
  const changes = Map.groupBy(past.rows, (row) => row.workspace_id);
  return new Map(
    present.rows.map((row) => {
      const before = (changes.get(row.workspace_id) ?? []).map(({ until, ...terms }): Span => ({
        workspace: workspaceFromRow({ ...row, ...terms }),
        until,
      }));
      return [row.workspace_id, new WorkspaceOverTime([...before, { workspace: workspaceFromRow(row), until: null }])];
    }),
  );
}
