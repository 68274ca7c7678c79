import type { WorkspaceId } from '@purser/core';
import type { Connection, Queryable } from '@purser/database';

import type { GrantId } from './credits.ts';

/** What became of a grant's credits; what is in none of the three is free. */
export interface GrantState {
  readonly id: GrantId;
  readonly amount: bigint;
  readonly held: bigint;
  readonly used: bigint;
  /** Lapsed, or taken back. */
  readonly expired: bigint;
}

/** As they are at this moment; no lock is taken. */
export async function readGrants(tx: Queryable, grants: readonly GrantId[]): Promise<GrantState[]> {
  const { rows } = await tx.query<GrantState>(
    'select id, amount, held, used, expired from meters.grant where id = any ($1::uuid[]) order by id',
    [grants],
  );
  return rows;
}

/** The same of one workspace, and nobody else changes them, or makes others, before the caller's transaction ends. */
export async function lockGrants(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  grants: readonly GrantId[],
): Promise<GrantState[]> {
  await tx.query('select meters.lock_panels($1, array[$2::uuid], true)', [now.toString(), workspace]);
  return grants.length === 0 ? [] : readGrants(tx, grants);
}

/**
 * Takes credits out of a grant in the caller's transaction: never more than is free in it, and nothing that is held, used or another
 * grant's. Returns how many it took.
 */
export async function takeBack(
  tx: Connection,
  now: Temporal.Instant,
  what: { readonly workspace: WorkspaceId; readonly grant: GrantId; readonly credits: bigint; readonly reason: string },
): Promise<bigint> {
  await tx.query('select meters.lock_panels($1, array[$2::uuid], true)', [now.toString(), what.workspace]);
  const { rows } = await tx.query<{ taken: bigint }>(
    `with free as (
       select id, least($3, amount - used - held - expired) as credits from meters.grant where workspace_id = $1 and id = $2
     ), taken as (
       update meters.grant g set expired = g.expired + f.credits, closed = g.held = 0 and g.used + g.expired + f.credits = g.amount
       from free f where g.id = f.id and f.credits > 0 returning g.workspace_id, g.meter_id, f.credits
     ), lowered as (
       update meters.panel p set caps[array_position(p.meters, t.meter_id)] = p.caps[array_position(p.meters, t.meter_id)] - t.credits
       from taken t where p.workspace_id = t.workspace_id
     )
     select credits as taken from taken`,
    [what.workspace, what.grant, what.credits],
  );
  const taken = rows[0]?.taken ?? 0n;
  if (taken > 0n) {
    await tx.query(`select ledger.post($1, $2, null, 'wallet', 'expired', $3, 'credit', p_reason => $4)`, [
      now.toString(),
      what.workspace,
      taken,
      what.reason,
    ]);
  }
  return taken;
}
