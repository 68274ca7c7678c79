import { createHash } from 'node:crypto';

import { type Refusal, refuse } from '@purser/core';
import { type Connection, newId, type Queryable } from '@purser/database';

export type RolloutState = 'running' | 'completed' | 'rolled_back';
/** On which side of a rollout a workspace is. */
export type Arm = 'treatment' | 'control';

/** A catalog, or a price list, that a share of those under another is moved to. */
export interface Rollout {
  readonly id: string;
  readonly from_version: string;
  readonly to_version: string;
  /** Makes the assignment: another seed moves others. */
  readonly seed: string;
  /** In millionths. */
  readonly share_ppm: number;
  readonly state: RolloutState;
  readonly started_at: Temporal.Instant;
  readonly changed_at: Temporal.Instant;
}

export const WHOLE_PPM = 1_000_000;
const COLUMNS = 'rollout_id as id, from_version, to_version, seed, share_ppm, state, started_at, changed_at';

/**
 * Where a workspace lies between 0 and a million, by its id and the seed alone: the same on every server and for ever, so that a
 * larger share only adds workspaces.
 */
export function placeOf(seed: string, workspace: string): number {
  return createHash('sha256').update(`${seed}\n${workspace}`).digest().readUIntBE(0, 6) % WHOLE_PPM;
}

export function armOf({ seed, share_ppm, state }: Rollout, workspace: string): Arm {
  return state === 'completed' || (state === 'running' && placeOf(seed, workspace) < share_ppm) ? 'treatment' : 'control';
}

/** The version that a workspace is served under: what it bought, moved along the rollouts in force. They make no circle. */
export function versionFor(rollouts: readonly Rollout[], workspace: string, bought: string): string {
  let version = bought;
  for (;;) {
    const rollout = rollouts.find(({ from_version }) => from_version === version);
    if (rollout === undefined || armOf(rollout, workspace) === 'control') return version;
    version = rollout.to_version;
  }
}

/** In force: running, or moved for good. */
export async function activeRollouts(tx: Queryable): Promise<Rollout[]> {
  const { rows } = await tx.query<Rollout>(
    `select ${COLUMNS} from policy.rollout where state <> 'rolled_back' order by rollout_id`,
  );
  return rows;
}

/** All there ever were, newest first. */
export async function listRollouts(tx: Queryable): Promise<Rollout[]> {
  const { rows } = await tx.query<Rollout>(`select ${COLUMNS} from policy.rollout order by rollout_id desc limit 1000`);
  return rows;
}

export async function findRollout(tx: Queryable, id: string): Promise<Rollout | undefined> {
  const { rows } = await tx.query<Rollout>(`select ${COLUMNS} from policy.rollout where rollout_id = $1`, [id]);
  return rows[0];
}

/** Begins to move a share; every server knows within a second of the commit. Refuses `frozen`, and `limit_reached` where one is in force. */
export async function startRollout(
  tx: Connection,
  wanted: { readonly from_version: string; readonly to_version: string; readonly share_ppm: number },
  now: Temporal.Instant,
): Promise<Rollout | Refusal> {
  const frozen = await refuseFrozen(tx);
  if (frozen) return frozen;
  const { from_version, to_version, share_ppm } = wanted;
  const active = await activeRollouts(tx);
  if (active.some((rollout) => rollout.from_version === from_version))
    return refuse('limit_reached', `a rollout from ${from_version} is in force; complete it or roll it back first`);
  if (reaches(active, to_version, from_version))
    return refuse('limit_reached', `${to_version} is itself being rolled out to ${from_version}; roll that back first`);
  const id = newId();
  const { rows } = await tx.query<Rollout>(
    `insert into policy.rollout (rollout_id, from_version, to_version, seed, share_ppm, state, started_at, changed_at)
     values ($1, $2, $3, ($1::uuid)::text, $4, 'running', $5, $5) returning ${COLUMNS}`,
    [id, from_version, to_version, share_ppm, now.toString()],
  );
  return rows[0] ?? refuse('limit_reached', 'the rollout was not written');
}

function reaches(active: readonly Rollout[], from: string, to: string): boolean {
  for (let version: string | undefined = from; version !== undefined;) {
    if (version === to) return true;
    version = active.find(({ from_version }) => from_version === version)?.to_version;
  }
  return false;
}

/** Another share, everybody, or back. What was taken back stays so: begin another. Refuses `frozen`, `not_found`, `limit_reached`. */
export async function changeRollout(
  tx: Connection,
  id: string,
  change: { readonly share_ppm?: number; readonly state?: 'completed' | 'rolled_back' },
  now: Temporal.Instant,
): Promise<{ readonly before: Rollout; readonly after: Rollout } | Refusal> {
  const frozen = await refuseFrozen(tx);
  if (frozen) return frozen;
  const locked = await tx.query<Rollout>(`select ${COLUMNS} from policy.rollout where rollout_id = $1 for update`, [id]);
  const before = locked.rows[0];
  if (before === undefined) return refuse('not_found', `there is no rollout ${id}`);
  if (before.state === 'rolled_back') return refuse('limit_reached', `the rollout ${id} was rolled back; start another one`);
  if (before.state === 'completed' && change.state !== 'rolled_back')
    return refuse('limit_reached', `the rollout ${id} is complete; it can only be rolled back`);
  const { rows } = await tx.query<Rollout>(
    `update policy.rollout set share_ppm = $2, state = $3, changed_at = $4 where rollout_id = $1 returning ${COLUMNS}`,
    [
      id,
      change.state === 'completed' ? WHOLE_PPM : (change.share_ppm ?? before.share_ppm),
      change.state ?? before.state,
      now.toString(),
    ],
  );
  return { before, after: rows[0] ?? before };
}

async function refuseFrozen(tx: Connection): Promise<Refusal | undefined> {
  const { rows } = await tx.query<{ frozen: boolean }>('select frozen from policy.platform for share');
  return rows[0]?.frozen === true
    ? refuse('frozen', 'all versions are frozen; unfreeze them by POST /api/admin/freeze {"on": false} first')
    : undefined;
}
