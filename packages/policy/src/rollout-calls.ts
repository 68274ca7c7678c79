import type { Pool, Queryable } from '@purser/database';

import { type Arm, armOf, type Rollout } from './rollout.ts';

/** Calls of one side by what became of them: `ok`, or the code of the refusal. */
export interface ArmCalls {
  readonly arm: Arm;
  readonly outcome: string;
  readonly calls: bigint;
}

/** Counts what becomes of calls on either side of the rollouts that run; written down together, a few times a second at most. */
export class RolloutCalls {
  #counts = new Map<string, number>();

  count(rollouts: readonly Rollout[], workspace: string, bought: string, outcome: string): void {
    for (const rollout of rollouts) {
      if (rollout.from_version !== bought || rollout.state !== 'running') continue;
      const key = `${rollout.id} ${armOf(rollout, workspace)} ${outcome}`;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  async write(pool: Pool): Promise<void> {
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#counts = new Map();
    const column = (at: number): string[] => counts.map(([key]) => key.split(' ')[at] ?? '');
    await pool.query(
      `insert into policy.rollout_call (rollout_id, arm, outcome, calls)
       select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
       on conflict (rollout_id, arm, outcome) do update set calls = rollout_call.calls + excluded.calls`,
      [column(0), column(1), column(2), counts.map(([, calls]) => calls)],
    );
  }
}

export async function callsOfRollout(tx: Queryable, id: string): Promise<ArmCalls[]> {
  const { rows } = await tx.query<ArmCalls>(
    'select arm, outcome, calls from policy.rollout_call where rollout_id = $1 order by arm, calls desc, outcome',
    [id],
  );
  return rows;
}
