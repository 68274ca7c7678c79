import { type HoldId, isUuid, type WorkspaceId } from '@purser/core';
import { type Connection, toPostgresJson, type Pool, type Queryable, transaction } from '@purser/database';

import { attemptRow, meterRow } from './encode.ts';
import type { AttemptRecord, HoldRequest } from './hold.ts';
import { meterId } from './meter.ts';

/** A call that its provider may have billed. Nobody knows, or somebody has said since (`verdict`). */
export interface Unresolved {
  readonly hold_id: HoldId;
  readonly workspace_id: WorkspaceId;
  readonly provider: string;
  readonly model: string | null;
  /** What its last attempt came to; `expired` when no server has said, `lost` when the database had forgotten the hold. */
  readonly cause: string;
  /** Whether it counts against the workspace's own cap. */
  readonly counted: boolean;
  readonly since: Temporal.Instant;
  /** The most it may have cost: as the provider bills, and as the plan reports. */
  readonly cost: bigint;
  readonly cost_unit: string;
  readonly reported: bigint;
  readonly reported_unit: string;
  readonly resolved_at: Temporal.Instant | null;
  readonly verdict: 'billed' | 'not_billed' | null;
}

/** Which unresolved calls are meant: one, or those of a provider or a workspace that ended within a span (`to` not included). */
export interface UnresolvedQuery {
  readonly holds?: readonly HoldId[];
  readonly provider?: string;
  readonly workspace?: WorkspaceId;
  readonly from?: Temporal.Instant;
  readonly to?: Temporal.Instant;
  /** With those that have been resolved. */
  readonly resolved?: boolean;
  /** Goes on after this one: the order is by time, then by hold. */
  readonly after?: { readonly since: Temporal.Instant; readonly hold_id: string };
  readonly limit?: number;
}

const PAGE = 100;

/** The oldest first. */
export async function listUnresolved(tx: Queryable, query: UnresolvedQuery = {}): Promise<Unresolved[]> {
  const { rows } = await tx.query<Unresolved>(
    `select hold_id, workspace_id, provider, model, cause, counted, since, cost, cost_unit, reported, reported_unit, resolved_at, verdict
     from meters.unresolved
     where ($1::uuid[] is null or hold_id = any ($1)) and ($2::text is null or provider = $2) and ($3::uuid is null or workspace_id = $3)
       and ($4::timestamptz is null or since >= $4) and ($5::timestamptz is null or since < $5) and ($6 or resolved_at is null)
       and ($7::timestamptz is null or (since, hold_id) > ($7, $8::uuid))
     order by since, hold_id limit $9`,
    [
      query.holds?.filter(isUuid) ?? null,
      query.provider ?? null,
      query.workspace ?? null,
      query.from?.toString() ?? null,
      query.to?.toString() ?? null,
      query.resolved ?? false,
      query.after?.since.toString() ?? null,
      query.after?.hold_id ?? null,
      query.limit ?? PAGE,
    ],
  );
  return rows;
}

/** What somebody says a call came to: a cost in the currency the provider bills, `worst_case` for all that was held, 0n for not billed. */
export interface Resolution {
  readonly hold: HoldId;
  readonly cost: bigint | 'worst_case';
}

/**
 * Resolves calls in the caller's transaction, at most some hundreds at a time: their cost leaves `unreconciled` for `cost` (what is more than was
 * held is overrun), the rest goes back from what is owed to the provider. Credits and quotas were given back and stay so. What did not count
 * against the workspace's cap does not count now. Whoever comes second changes nothing. Returns those that were resolved.
 */
export async function resolveUnresolved(
  tx: Connection,
  now: Temporal.Instant,
  resolutions: readonly Resolution[],
): Promise<HoldId[]> {
  const distinct = new Map(resolutions.map(({ hold, cost }) => [hold, cost]));
  if (distinct.size === 0) return [];
  const { rows } = await tx.query<{ resolved: HoldId[] }>('select meters.resolve($1, $2::uuid[], $3::bigint[]) as resolved', [
    now.toString(),
    [...distinct.keys()],
    [...distinct.values()].map((cost) => (cost === 'worst_case' ? null : cost)),
  ]);
  return rows[0]?.resolved ?? [];
}

/** What a call cost beyond its settlement, as it turned out later. */
export interface LateCost {
  /** The call. */
  readonly of: HoldId;
  /** Under which hold it is booked, once for ever. */
  readonly as: HoldId;
  /** In the smallest parts of the currency its provider bills in; above zero. */
  readonly cost: bigint;
}

/**
 * Books it in the caller's transaction, with the plan and in the proportions of the call. It counts against no cap, and draws no credits and
 * no quotas. False: it was booked before, or there is no such call.
 */
export async function bookLate(tx: Connection, now: Temporal.Instant, { of, as, cost }: LateCost): Promise<boolean> {
  const { rows } = await tx.query<{ booked: boolean }>('select meters.book_late($1, $2, $3, $4) as booked', [
    now.toString(),
    of,
    as,
    cost,
  ]);
  return rows[0]?.booked ?? false;
}

/** A settlement whose hold the database does not know. */
export interface LostSettle {
  readonly hold: HoldRequest;
  /** What the call cost, as its settlement had it. */
  readonly cost: bigint;
  readonly reported: bigint;
  /** Parallel to the legs of the hold. */
  readonly actuals: readonly bigint[];
  readonly attempts: readonly AttemptRecord[];
}

/** Books it as unresolved, once. False: the hold is there after all. */
export async function keepLostSettle(pool: Pool, now: Temporal.Instant, lost: LostSettle): Promise<boolean> {
  const { hold } = lost;
  const own = hold.legs.flatMap(({ meter }, place) =>
    meter.class === 'cost' && meter.workspace === hold.workspace ? [{ meter, amount: lost.actuals[place] ?? 0n }] : [],
  );
  const attempts = lost.attempts.map((attempt, index) =>
    attemptRow({ hold: hold.id, workspace: hold.workspace }, attempt, index + 1),
  );
  return transaction(pool, async (connection) => {
    const { rows } = await connection.query<{ kept: boolean }>(
      'select meters.keep_lost($1, $2, $3, $4, $5::uuid[], $6::bigint[], $7, $8, $9, $10, $11, $12, $13) as kept',
      [
        now.toString(),
        hold.workspace,
        hold.id,
        JSON.stringify(own.map(({ meter }) => meterRow(meterId(meter), meter))),
        own.map(({ meter }) => meterId(meter)),
        own.map(({ amount }) => amount),
        hold.plan,
        hold.provider,
        lost.cost,
        hold.cost.unit,
        lost.reported,
        hold.reported.unit,
        toPostgresJson(attempts),
      ],
    );
    return rows[0]?.kept ?? false;
  });
}

/** What a provider may have billed since then and nobody knows, in each currency it bills in. */
export async function unresolvedSince(
  tx: Queryable,
  since: Temporal.Instant,
): Promise<{ provider: string; unit: string; cost: bigint }[]> {
  const { rows } = await tx.query<{ provider: string; unit: string; cost: bigint }>(
    `select provider, cost_unit as unit, meters.total(cost) as cost from meters.unresolved
     where resolved_at is null and since > $1 group by provider, cost_unit`,
    [since.toString()],
  );
  return rows;
}
