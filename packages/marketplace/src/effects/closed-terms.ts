import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { type ClosedTerms, type Closing, closeTerms, reopenTerms } from '@purser/terms';

import type { KnownSnapshot } from './payment-facts.ts';

export interface KnownClosing extends ClosedTerms {
  /** Events whose snapshots are still read. */
  readonly snapshots: readonly string[];
  /** Nothing was told of the time before since. */
  readonly holds: boolean;
}

/** Where the terms of a workspace are closed; undefined: they are not. */
export async function closedTerms(tx: Connection, workspace: WorkspaceId): Promise<KnownClosing | undefined> {
  const { rows } = await tx.query<KnownClosing>(
    `select until, opener, paid, snapshots, known = marketplace.known_before(workspace_id, until) as holds
     from marketplace.closed_terms where workspace_id = $1`,
    [workspace],
  );
  return rows[0];
}

/** In the transaction of the event that found it so. */
export async function keepClosing(tx: Connection, workspace: WorkspaceId, closing: Closing<KnownSnapshot>): Promise<void> {
  if (!(await closeTerms(tx, workspace, closing))) return;
  await tx.query(
    `insert into marketplace.closed_terms (workspace_id, until, opener, paid, snapshots, known)
     values ($1, $2, $3, $4, $5, marketplace.known_before($1, $2))
     on conflict (workspace_id) do update set until = excluded.until, opener = excluded.opener, paid = excluded.paid,
       snapshots = excluded.snapshots, known = excluded.known`,
    [workspace, closing.until.toString(), closing.opener, closing.paid, closing.snapshots.map(({ event_id }) => event_id)],
  );
}

export async function openAgain(tx: Connection, workspace: WorkspaceId): Promise<void> {
  await reopenTerms(tx, workspace);
  await tx.query('delete from marketplace.closed_terms where workspace_id = $1', [workspace]);
}
