import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

import type { License } from './workspace.ts';

interface LockedLicense {
  readonly license: License;
  readonly since: Temporal.Instant;
  readonly catalogue_version: string;
  readonly created_at: Temporal.Instant;
}

/** The license of a workspace, its row locked until the transaction ends: whoever decides about it decides alone. Undefined: no such workspace. */
export async function lockLicense(tx: Queryable, workspace: WorkspaceId): Promise<LockedLicense | undefined> {
  const { rows } = await tx.query<LockedLicense>(
    'select license, license_since as since, catalogue_version, created_at from identity.workspace where workspace_id = $1 for update',
    [workspace],
  );
  return rows[0];
}

/** Sets it, in the transaction that holds the lock; every server knows within a second of the commit. */
export async function setLicense(
  tx: Queryable,
  workspace: WorkspaceId,
  { license, since }: { readonly license: License; readonly since: Temporal.Instant },
  now: Temporal.Instant,
): Promise<void> {
  await tx.query('update identity.workspace set license = $2, license_since = $3, changed_at = $4 where workspace_id = $1', [
    workspace,
    license,
    since.toString(),
    now.toString(),
  ]);
}
