import { type Clock, Fault, type Id, type WorkspaceId } from '@purser/core';
import { type Pool, type Queryable, workspaceTransaction } from '@purser/database';

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
export async function grantCredits(tx: Queryable, now: Temporal.Instant, grant: NewGrant): Promise<boolean> {
  return (await grantMany(tx, now, [grant])) === 1;
}

/** Many at once, of distinct ids, in one statement. Returns how many of them had not been made before. */
export async function grantMany(tx: Queryable, now: Temporal.Instant, grants: readonly NewGrant[]): Promise<number> {
  if (grants.length === 0) return 0;
  for (const { credits } of grants) {
    if (credits <= 0n) throw new Fault(`a grant must be of at least one credit; got ${credits}`, { retryable: false });
  }
  const { rows } = await tx.query<{ made: number }>(
    `select coalesce(cardinality(meters.grant_credits($1, $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::smallint[], $7::bigint[],
       $8::timestamptz[], $9::text[], $10::text[])), 0) as made`,
    [
      now.toString(),
      grants.map(({ workspace }) => meterId(creditMeter(workspace))),
      grants.map(({ workspace }) => workspace),
      grants.map(({ id }) => id),
      grants.map(({ source }) => source),
      grants.map(({ source }) => PRIORITY[source]),
      grants.map(({ credits }) => credits),
      grants.map(({ expires_at }) => expires_at?.toString() ?? null),
      grants.map(({ reason }) => reason),
      grants.map(({ pack }) => pack ?? null),
    ],
  );
  return rows[0]?.made ?? 0;
}

/** Which of two grants is spent first, as the database burns them: by expiry, then what was given away, then what is older. */
export function burnsBefore(one: Burning, other: Burning): boolean {
  const [ends, other_ends] = [one.expires_at, other.expires_at].map((at) => at?.epochNanoseconds ?? null);
  if (ends !== other_ends) return other_ends === null || (ends !== null && ends !== undefined && ends < (other_ends ?? 0n));
  const rank = PRIORITY[one.source] - PRIORITY[other.source];
  return rank === 0 ? one.id < other.id : rank < 0;
}

interface Burning {
  readonly id: string;
  readonly source: GrantSource;
  readonly expires_at: Temporal.Instant | null;
}

export interface GrantMade extends Burning {
  readonly workspace: WorkspaceId;
  readonly granted_at: Temporal.Instant;
  readonly amount: bigint;
}

/** Every grant that could be spent at some time in [from, to), in the order in which they were made. */
export async function grantsBetween(
  pool: Pool,
  { from, to }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<GrantMade[]> {
  const { rows } = await pool.query<GrantMade>(
    `select id, workspace_id as workspace, source, granted_at, expires_at, amount from meters.grant
     where granted_at < $2 and (expires_at is null or expires_at > $1) order by granted_at, id`,
    [from.toString(), to.toString()],
  );
  return rows;
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
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<OpenGrant>(
      `select id, source, amount, amount - used - held - expired as available, held, expires_at from meters.grant
       where workspace_id = $1 and not closed and (expires_at is null or expires_at > $2)
       order by expires_at nulls last, priority, id limit 1000`,
      [workspace, clock.now().toString()],
    );
    return rows;
  });
}
