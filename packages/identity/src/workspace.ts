import type { WorkspaceId } from '@purser/core';

import { type Overrides, parseStoredOverrides } from './overrides.ts';

/**
 * - `active`: paid, or nothing to pay.
 * - `grace`: a payment failed at `license_since`; what goes when is the catalog's license terms.
 * - `cancelled`: over.
 */
export const LICENSES = ['active', 'grace', 'cancelled'] as const;
export type License = (typeof LICENSES)[number];

/** The tenant: what is billed, limited and isolated. Frozen; a change makes a new object, so identity of the object means "nothing changed". */
export interface Workspace {
  readonly id: WorkspaceId;
  readonly name: string;
  /** The name the founder's own system gave it. */
  readonly external_id: string | null;
  /** The code of its plan in that version of the catalog. */
  readonly plan: string;
  /** The catalog it bought from; it stays there until it is moved. */
  readonly catalogue_version: string;
  /** IANA name; days and weeks are counted in it. */
  readonly timezone: string;
  /** When billing began: months are counted from here. */
  readonly anchored_at: Temporal.Instant;
  readonly license: License;
  /** When the license came to be what it is: grace is counted from here. */
  readonly license_since: Temporal.Instant;
  /** What was negotiated on top of the plan. */
  readonly overrides: Overrides;
  readonly created_at: Temporal.Instant;
  /** Present when it was erased: it is there for the books alone, and nobody calls in it. */
  readonly erased_at?: Temporal.Instant;
}

export interface WorkspaceRow {
  workspace_id: WorkspaceId;
  name: string;
  external_id: string | null;
  plan: string;
  catalogue_version: string;
  timezone: string;
  anchored_at: Temporal.Instant;
  license: License;
  license_since: Temporal.Instant;
  overrides: unknown;
  created_at: Temporal.Instant;
  erased_at?: Temporal.Instant | null;
}

export const WORKSPACE_COLUMNS =
  'workspace_id, name, external_id, plan, catalogue_version, timezone, anchored_at, license, license_since, overrides, created_at';

export function workspaceFromRow(row: WorkspaceRow): Workspace {
  return Object.freeze({
    id: row.workspace_id,
    name: row.name,
    external_id: row.external_id,
    plan: row.plan,
    catalogue_version: row.catalogue_version,
    timezone: row.timezone,
    anchored_at: row.anchored_at,
    license: row.license,
    license_since: row.license_since,
    overrides: parseStoredOverrides(row.overrides),
    created_at: row.created_at,
    ...(row.erased_at && { erased_at: row.erased_at }),
  });
}
