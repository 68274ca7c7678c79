import type { Clock, Id, WorkspaceId } from '@purser/core';
import type { Pool, Queryable } from '@purser/database';

export type ErasureId = Id<'erasure'>;
export type ErasureKind = 'workspace' | 'person' | 'end_user';

/** The erasure of a workspace, a person or an end user, from its request to its end. */
export interface Erasure {
  readonly id: ErasureId;
  readonly kind: ErasureKind;
  /** The platform's for a person. */
  readonly workspace: WorkspaceId;
  readonly person: string | null;
  /** What replaces every name in the ledger. */
  readonly pseudonym: string;
  readonly state: 'running' | 'done';
  readonly requested_at: Temporal.Instant;
  readonly done_at: Temporal.Instant | null;
  /** How many rows were changed or deleted so far. */
  readonly rows: bigint;
}

/** Whoever is at the sessions and the memory of this server; the other servers are told by Postgres. */
export interface Doors {
  /** What is remembered of a workspace and its keys is out of date. */
  workspaceErased(id: WorkspaceId): void;
  /** Ends the sessions of a person on every device. */
  endSessions(person_id: string): Promise<void>;
  /** Ends the sessions that keys opened for a workspace, or for one of its end users. */
  endSessionsFor(workspace: WorkspaceId, user?: string): Promise<void>;
}

export interface PrivacyParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly doors: Doors;
}

const COLUMNS = `erasure_id as id, kind, workspace_id as workspace, person_id as person, pseudonym, state, requested_at, done_at, rows`;

export async function findErasure(tx: Queryable, id: string): Promise<Erasure | undefined> {
  const { rows } = await tx.query<Erasure>(`select ${COLUMNS} from privacy.erasure where erasure_id = $1`, [id]);
  return rows[0];
}

/** The last 200, newest first. */
export async function listErasures(tx: Queryable): Promise<readonly Erasure[]> {
  const { rows } = await tx.query<Erasure>(
    `select ${COLUMNS} from privacy.erasure order by requested_at desc, erasure_id desc limit 200`,
  );
  return rows;
}
