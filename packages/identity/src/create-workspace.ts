import { type Clock, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, joinTransaction, newId, type Pool } from '@purser/database';

import { insertKey } from './keys.ts';
import type { Overrides } from './overrides.ts';
import { type Offering, refuseTerms } from './terms.ts';
import { refuseTimezone } from './timezone.ts';
import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

export interface NewWorkspace {
  readonly name: string;
  readonly plan: string;
  /** IANA; UTC when absent. */
  readonly timezone?: string;
  readonly external_id?: string;
  readonly overrides?: Overrides;
  /** When billing began; now when absent. */
  readonly anchored_at?: Temporal.Instant;
}

export interface CreatedWorkspace {
  readonly workspace: Workspace;
  /** Its first key, shown this once. */
  readonly key: string;
}

const NAME_CHARS_MAX = 200;

/** A workspace and its first key, both or neither. Refuses `invalid_request`, saying what was wrong. */
export async function createWorkspace(
  parts: { readonly pool: Pool; readonly clock: Clock; readonly offering: Offering },
  wanted: NewWorkspace,
  inside?: Connection,
): Promise<CreatedWorkspace | Refusal> {
  const now = parts.clock.now();
  return joinTransaction(parts.pool, inside, async (connection) => {
    const workspace = await insertWorkspace(connection, parts.offering, now, wanted);
    if ('refused' in workspace) return workspace;
    const first = { kind: 'workspace', workspace: workspace.id, name: 'first key', now: now.toString() } as const;
    const key = await insertKey(connection, first);
    return { workspace, key: key.secret };
  });
}

/** A workspace without a key: persons enter it by their sessions. Refuses `invalid_request`. */
export async function insertWorkspace(
  connection: Connection,
  offering: Offering,
  now: Temporal.Instant,
  wanted: NewWorkspace,
): Promise<Workspace | Refusal> {
  const { name, plan, timezone = 'UTC', external_id = null, overrides = {}, anchored_at = now } = wanted;
  const wrong =
    refuseName('name', name) ??
    (external_id === null ? undefined : refuseName('external_id', external_id)) ??
    refuseTimezone(timezone) ??
    refuseTerms(offering, plan, overrides);
  if (wrong) return wrong;
  const id: WorkspaceId = newId();
  const values = [id, name, external_id, plan, offering.version, timezone, anchored_at.toString(), now.toString()];
  const { rows } = await connection.query<WorkspaceRow>(
    `insert into identity.workspace (${WORKSPACE_COLUMNS}, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $8, $8)
     on conflict (external_id) do nothing returning ${WORKSPACE_COLUMNS}`,
    [...values, JSON.stringify(overrides)],
  );
  return rows[0] ? workspaceFromRow(rows[0]) : takenExternalId(external_id);
}

export function takenExternalId(external_id: string | null): Refusal {
  return refuse('invalid_request', `another workspace has the external_id '${external_id}'`);
}

export function refuseName(what: string, name: string): Refusal | undefined {
  if (name.trim() === name && name.length > 0 && name.length <= NAME_CHARS_MAX) return undefined;
  return refuse(
    'invalid_request',
    `${what} wants 1 to ${NAME_CHARS_MAX} characters without spaces around them; got ${name.length}`,
  );
}
