import { PLATFORM, type WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

/** What can be written as JSON. Amounts go in as decimal text: JSON numbers lose digits. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Something that was done. */
export interface AuditEvent {
  readonly at: Temporal.Instant;
  /** Who did it: `admin`, `key:<id>`, `user:<id>`, `system`. At most 300 characters. */
  readonly actor: string;
  /** Whose it is; null for what belongs to no workspace. */
  readonly workspace: WorkspaceId | null;
  /** What was done: `plan.change`, `credits.gift`. At most 100 characters. */
  readonly action: string;
  /** What it was done to: `workspace:<id>`, `hold:<transaction id>`. At most 300 characters. */
  readonly subject: string;
  /** What else is to be known: at most 16 KiB, and no secret. */
  readonly detail: { readonly [key: string]: Json };
}

/**
 * Writes the deed down in the caller's own transaction: both are done, or neither. As the tenant role only for the workspace
 * of the transaction.
 */
export async function appendAudit(connection: Queryable, deed: AuditEvent): Promise<void> {
  await connection.query(
    'insert into audit.entry (workspace_id, at, actor, action, subject, detail) values ($1, $2, $3, $4, $5, $6)',
    [deed.workspace ?? PLATFORM, deed.at.toString(), deed.actor, deed.action, deed.subject, JSON.stringify(deed.detail)],
  );
}

/** Writes many events down, in their order, as `appendAudit` does. */
export async function appendAudits(connection: Queryable, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  await connection.query(
    `insert into audit.entry (workspace_id, at, actor, action, subject, detail)
     select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::jsonb[])`,
    [
      events.map(({ workspace }) => workspace ?? PLATFORM),
      events.map(({ at }) => at.toString()),
      events.map(({ actor }) => actor),
      events.map(({ action }) => action),
      events.map(({ subject }) => subject),
      events.map(({ detail }) => JSON.stringify(detail)),
    ],
  );
}
