import type { Pool } from '@purser/database';

export interface NameAndPlan {
  readonly name: string;
  /** The code of its plan in the version of the catalog that it bought from. */
  readonly plan: string;
}

/** What a report shows of workspaces, by id, in one query however many there are; erased ones included, unknown ones left out. */
export async function namesAndPlans(pool: Pool, ids: readonly string[]): Promise<ReadonlyMap<string, NameAndPlan>> {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<NameAndPlan & { workspace_id: string }>(
    'select workspace_id, name, plan from identity.workspace where workspace_id = any($1::uuid[])',
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ workspace_id, name, plan }) => [workspace_id, { name, plan }]));
}
