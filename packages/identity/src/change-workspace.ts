import { type Clock, type Refusal, refuse } from '@purser/core';
import { type Connection, joinTransaction, type Pool } from '@purser/database';

import { refuseName, takenExternalId } from './create-workspace.ts';
import { type Overrides, refuseOverrides } from './overrides.ts';
import { type Offering, planForSale, refuseTerms } from './terms.ts';
import { refuseTimezone } from './timezone.ts';
import { isWithoutGrant } from './withheld-grant.ts';
import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** What is absent stays; the license is another package's to set (`setLicense`). `overrides` replaces all that were negotiated before; `{}` ends them. A `plan` is that of the catalog now for sale. */
export interface WorkspaceChange {
  readonly name?: string;
  readonly plan?: string;
  /** What the plan was sold under, where that is not what is for sale now. */
  readonly sold_under?: Offering;
  readonly timezone?: string;
  readonly external_id?: string | null;
  readonly overrides?: Overrides;
  /** What of the agreements before goes with the change; they are read under the lock of the workspace. */
  readonly keeping?: (overrides: Overrides) => Overrides;
}

export interface ChangedWorkspace {
  readonly before: Workspace;
  readonly after: Workspace;
}

/** What has to be done in the same transaction as a change: its entry in the trail. */
export type AlsoChange = (connection: Connection, changed: ChangedWorkspace) => Promise<void>;

const UNIQUE_VIOLATION = '23505';

/** Changes one workspace, in the transaction that `inside` has open if it is given; every server knows within a second. Refuses `invalid_request` and `not_found`. */
export async function changeWorkspace(
  parts: { readonly pool: Pool; readonly clock: Clock; readonly offering: Offering },
  id: string,
  change: WorkspaceChange,
  also: AlsoChange = async () => {},
  inside?: Connection,
): Promise<ChangedWorkspace | Refusal> {
  const wrong = refuseChange(change);
  if (wrong) return wrong;
  const now = parts.clock.now();
  try {
    return await joinTransaction(parts.pool, inside, async (connection) => {
      const locked = await connection.query<WorkspaceRow>(
        `select ${WORKSPACE_COLUMNS} from identity.workspace where workspace_id = $1 and erased_at is null for update`,
        [id],
      );
      if (!locked.rows[0]) return refuse('not_found', `there is no workspace ${id}`);
      const before = workspaceFromRow(locked.rows[0]);
      const offering = change.sold_under ?? parts.offering;
      const refusal = refuseChangedTerms(before, change, offering);
      if (refusal) return refusal;
      const next = changed(before, change, offering);
      const { rows } = await connection.query<WorkspaceRow>(
        `update identity.workspace set name = $2, external_id = $3, plan = $4, catalogue_version = $5, timezone = $6,
           overrides = $7, changed_at = $8
         where workspace_id = $1 returning ${WORKSPACE_COLUMNS}`,
        [
          id,
          next.name,
          next.external_id,
          next.plan,
          next.catalogue_version,
          next.timezone,
          JSON.stringify(next.overrides),
          now.toString(),
        ],
      );
      const done = { before, after: rows[0] ? workspaceFromRow(rows[0]) : next };
      await also(connection, done);
      return done;
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION)
      return takenExternalId(change.external_id ?? null);
    throw error;
  }
}

function refuseChange(change: WorkspaceChange): Refusal | undefined {
  return (
    (change.name === undefined ? undefined : refuseName('name', change.name)) ??
    (change.external_id === undefined || change.external_id === null
      ? undefined
      : refuseName('external_id', change.external_id)) ??
    (change.timezone === undefined ? undefined : refuseTimezone(change.timezone))
  );
}

function refuseChangedTerms(before: Workspace, change: WorkspaceChange, offering: Offering): Refusal | undefined {
  const overrides = overridesAfter(before, change);
  if (change.plan !== undefined) return refuseTerms(offering, change.plan, overrides);
  return change.overrides === undefined ? undefined : refuseOverrides(overrides, planForSale(offering, before.plan));
}

function changed(before: Workspace, change: WorkspaceChange, offering: Offering): Workspace {
  return {
    ...before,
    name: change.name ?? before.name,
    external_id: change.external_id === undefined ? before.external_id : change.external_id,
    plan: change.plan ?? before.plan,
    catalogue_version: change.plan === undefined ? before.catalogue_version : offering.version,
    timezone: change.timezone ?? before.timezone,
    overrides: overridesAfter(before, change),
  };
}

/** What was negotiated stays; that a free grant was withheld ends with the plan it was withheld on. */
function overridesAfter(before: Workspace, { plan, overrides, keeping = (all) => all }: WorkspaceChange): Overrides {
  if (overrides !== undefined) return overrides;
  return keeping(withoutFreeGrant(before, plan));
}

function withoutFreeGrant(before: Workspace, plan: string | undefined): Overrides {
  return plan !== undefined && plan !== before.plan && isWithoutGrant(before.overrides) ? {} : before.overrides;
}
