import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, workspaceTransaction } from '@purser/database';
import { type MeterSpec, type Meters, type MeterState } from '@purser/meters';
import type { Policy } from '@purser/policy';

export type AllocationKind = 'member' | 'team';

/** What a member, or a team, may spend of its workspace's credits. */
export interface Allocation {
  readonly kind: AllocationKind;
  /** What `Purser-User`, a session or a key calls the member; the team's own name. */
  readonly name: string;
  /** In a billing period; null: whatever the workspace has. */
  readonly credits: bigint | null;
  /** Of a member: its team. */
  readonly team: string | null;
}

/** An allocation with what is spent of it in the billing period. */
export interface AllocationState extends Allocation {
  readonly used: bigint;
  readonly held: bigint;
  readonly resets_at: Temporal.Instant | null;
}

const KEY = /^credits:(member|team):(.+)$/s;

/** Whose allocation a meter counts, for whoever was refused by it. */
export function allocationOf(meter: MeterSpec): { readonly kind: AllocationKind; readonly name: string } | undefined {
  const match = KEY.exec(meter.key);
  return match ? { kind: match[1] as AllocationKind, name: match[2] ?? '' } : undefined;
}

/** The meter of an allocation: its cap is what was allocated, so it binds within whatever the workspace has. */
export function allocationMeter(policy: Policy, { kind, name }: Pick<Allocation, 'kind' | 'name'>, credits: bigint): MeterSpec {
  const { workspace, billing_period } = policy;
  return {
    workspace: workspace.id,
    key: `credits:${kind}:${name}`,
    unit: 'credit',
    class: 'quota',
    window_start: billing_period.start,
    window_end: billing_period.end,
    cap: credits,
  };
}

/** A server keeps all of a workspace's, to know without asking whom a call is counted against. */
const ALLOCATIONS_MAX = 10_000;

/** The allocations of a workspace, as the role that row-level security binds. */
export async function listAllocations(pool: Pool, workspace: WorkspaceId): Promise<Allocation[]> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<Allocation>(
      `select kind, name, credits, team from wallet.allocation where workspace_id = $1 and (credits is not null or team is not null)
       order by kind, name`,
      [workspace],
    );
    return rows;
  });
}

/** Allocations with what is spent of each in the period of `policy`. Those without a cap show nothing spent: nothing counts them. */
export async function allocationStates(
  meters: Meters,
  policy: Policy,
  allocations: readonly Allocation[],
): Promise<AllocationState[]> {
  const specs = allocations.map((allocation) => allocationMeter(policy, allocation, allocation.credits ?? 0n));
  const states = await meters.readOwn(policy.workspace.id, specs);
  return allocations.map((allocation, index) => {
    const state: MeterState | undefined = states[index];
    return { ...allocation, used: state?.used ?? 0n, held: state?.held ?? 0n, resets_at: policy.billing_period.end };
  });
}

/**
 * Sets what a member or a team may spend, in the caller's transaction; what is absent stays. Every server knows within a second.
 * Refuses `limit_reached`: one more than a server keeps would bind nobody.
 */
export async function setAllocation(
  connection: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  wanted: Pick<Allocation, 'kind' | 'name'> & { readonly credits?: bigint | null; readonly team?: string | null },
): Promise<Allocation | Refusal> {
  await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 4780))', [`wallet.allocation ${workspace}`]);
  const kept = await connection.query<{ all: bigint; own: bigint }>(
    `select count(*) as all, count(*) filter (where (kind, name) = ($2, $3)) as own from wallet.allocation
     where workspace_id = $1 and (credits is not null or team is not null)`,
    [workspace, wanted.kind, wanted.name],
  );
  const { all, own } = kept.rows[0] ?? { all: 0n, own: 0n };
  const adds = own === 0n && ((wanted.credits ?? null) !== null || (wanted.team ?? null) !== null);
  if (adds && all >= ALLOCATIONS_MAX) {
    return refuse(
      'limit_reached',
      `${ALLOCATIONS_MAX} members and teams of this workspace have allocations already; remove one first`,
    );
  }
  const { rows } = await connection.query<Allocation>(
    `insert into wallet.allocation as a (workspace_id, kind, name, credits, team, changed_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, kind, name) do update set
       credits = case when $7 then excluded.credits else a.credits end,
       team = case when $8 then excluded.team else a.team end,
       changed_at = excluded.changed_at
     returning kind, name, credits, team`,
    [
      workspace,
      wanted.kind,
      wanted.name,
      wanted.credits ?? null,
      wanted.team ?? null,
      now.toString(),
      wanted.credits !== undefined,
      wanted.team !== undefined,
    ],
  );
  return rows[0] as Allocation;
}
