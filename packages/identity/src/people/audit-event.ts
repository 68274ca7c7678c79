import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

/** Something that was done here and belongs in the trail. */
export interface IdentityAuditEvent {
  readonly actor: string;
  readonly workspace: WorkspaceId | null;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, string | boolean | null>>;
}

/** Writes the deed down in the transaction that does it. */
export type RecordAuditEvent = (connection: Connection, deed: IdentityAuditEvent) => Promise<void>;
