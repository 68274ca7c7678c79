import { type Clock, Fault, type Id, type Pool, type Queryable, type WorkspaceId } from '@purser/base';

import { type MeterSpec, meterId } from './meter.ts';

export type GrantId = Id<'grant'>;
export type GrantSource = 'monthly' | 'gift' | 'purchased' | 'allocation';

/** Within one expiry, what was given away burns before what was paid for. */
const PRIORITY: Record<GrantSource, number> = { gift: 10, monthly: 20, allocation: 25, purchased: 30 };

export interface NewGrant {
  /** The same id again grants nothing: the key that makes a retried or doubled event count once. */
  readonly id: GrantId;
  readonly workspace: WorkspaceId;
  readonly source: GrantSource;
  readonly credits: bigint;
  readonly expires_at: Temporal.Instant | null;
  readonly reason: string;
  /** The code of the pack that was bought, so that what is spent of it is booked to it. */
  readonly pack?: string;
}

const FOR_EVER = Temporal.Instant.fromEpochMilliseconds(0);

/** The meter of a workspace's credits: its cap is what was granted and has not expired. */
export function creditMeter(workspace: WorkspaceId): MeterSpec {
  return { workspace, key: 'credits', unit: 'credit', class: 'credit', window_start: FOR_EVER, window_end: null, cap: null };
}

/** Grants credits and books them, in the caller's transaction if given a connection. False: this grant was made before. */
export async function grantCredits(on: Queryable, now: Temporal.Instant, grant: NewGrant): Promise<boolean> {
  if (grant.credits <= 0n) throw new Fault(`a grant must be of at least one credit; got ${grant.credits}`, { retryable: false });
  const { rows } = await on.query<{ granted: boolean }>(
    'select meters.grant_credits($1, $2, $3, $4, $5, $6::smallint, $7, $8, $9, $10) as granted',
    [
      now.toString(),
      meterId(creditMeter(grant.workspace)),
      grant.workspace,
      grant.id,
      grant.source,
      PRIORITY[grant.source],
      grant.credits,
      grant.expires_at?.toString() ?? null,
      grant.reason,
      grant.pack ?? null,
    ],
  );
  return rows[0]?.granted ?? false;
}

export interface OpenGrant {
  readonly id: GrantId;
  readonly source: GrantSource;
  readonly amount: bigint;
  readonly available: bigint;
  readonly held: bigint;
  readonly expires_at: Temporal.Instant | null;
}

/** Grants that still have something in them, in burn order. */
export async function openGrants(pool: Pool, clock: Clock, workspace: WorkspaceId): Promise<OpenGrant[]> {
  const { rows } = await pool.query<OpenGrant>(
    `select id, source, amount, amount - used - held - expired as available, held, expires_at from meters.grant
     where workspace_id = $1 and not closed and (expires_at is null or expires_at > $2)
     order by expires_at nulls last, priority, id limit 1000`,
    [workspace, clock.now().toString()],
  );
  return rows;
}
