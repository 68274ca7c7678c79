import { type Clock, PLATFORM } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Catalog, Ladder } from '@purser/catalog';
import { type Meters, type MeterSpec, type MeterState } from '@purser/meters';

import { levelAt } from './ladder.ts';
import { sharedMeter } from './meters.ts';
import type { Policy, PolicyState } from './policy.ts';
import { carryRaise, isToCarry } from './raise-ceiling.ts';
import type { ActiveLevel, StoredLevel, WorkspaceState } from './workspace-state.ts';
import type { WorkspaceStates } from './workspace-states.ts';

/** So many workspaces are looked at in one question. */
const BATCH_MAX = 1_000;

interface LadderWatchParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Pick<Meters, 'read'>;
  readonly workspaces: WorkspaceStates;
}

/** A level that has to be written down. */
interface Step {
  readonly workspace: string;
  readonly ladder: string;
  readonly seen: Omit<StoredLevel, 'since'>;
}

/**
 * Looks at the meters of ladders beside the calls, never within one: those of workspaces that have spent since it looked last, all in one
 * question, and the shared ones. It writes a level down only when it changes; every server hears of that.
 */
export class LadderWatch {
  readonly #parts: LadderWatchParts;
  #pending = new Map<string, Policy>();

  constructor(parts: LadderWatchParts) {
    this.#parts = parts;
  }

  /** Something of the workspace's meters, or their cap, may have changed. */
  mark(policy: Policy): void {
    this.#pending.set(policy.workspace.id, policy);
  }

  /** The workspaces that were marked. Those that could not be looked at stay marked. */
  async evaluate(): Promise<void> {
    const marked = [...this.#pending.values()];
    this.#pending = new Map();
    for (let from = 0; from < marked.length; from += BATCH_MAX) {
      try {
        await this.#evaluateAll(marked.slice(from, from + BATCH_MAX));
      } catch (error) {
        for (const policy of marked.slice(from)) if (!this.#pending.has(policy.workspace.id)) this.mark(policy);
        throw error;
      }
    }
  }

  async #evaluateAll(policies: readonly Policy[]): Promise<void> {
    const { pool, clock, meters, workspaces } = this.#parts;
    const watched = policies.flatMap((policy) => {
      const ladder = ownLadder(policy);
      const spec = policy.meters.find(({ key, unit }) => key === 'cost' && unit === policy.cost_cap.currency);
      return ladder && spec ? [{ policy, ladder, spec }] : [];
    });
    const states = await meters.read(watched.map(({ spec }) => spec));
    const steps = watched.flatMap(({ policy, ladder }, index) => {
      const before = policy.levels.find((active) => active.ladder === ladder)?.level ?? 0;
      return stepOf(ladder, states[index], before, workspaces.of(policy.workspace.id)) ?? [];
    });
    await write(pool, steps, clock.now());
    for (const policy of policies) {
      const { raised, terms } = workspaces.of(policy.workspace.id);
      if (isToCarry(policy, raised)) await carryRaise(pool, meters, { policy, raised, terms }, clock.now());
    }
  }

  /** The levels of the ladders that watch what everybody shares. */
  async evaluateShared(catalog: Catalog): Promise<PolicyState['levels']> {
    const { pool, clock, meters, workspaces } = this.#parts;
    const now = clock.now();
    const watched = sharedLadders(catalog, now);
    if (watched.length === 0) return [];
    await workspaces.ready(PLATFORM);
    const states = await meters.read(watched.map(({ spec }) => spec));
    const workspace_state = workspaces.of(PLATFORM);
    const active: ActiveLevel[] = [];
    const steps: Step[] = [];
    for (const [index, { ladder, spec }] of watched.entries()) {
      const state = states[index];
      const kept = workspace_state.levels.get(ladder.name);
      const same = kept && kept.window_start.equals(spec.window_start) && kept.cap === spec.cap ? kept.level : 0;
      const step = stepOf(ladder, state, same, workspace_state);
      if (step) steps.push(step);
      const level = step?.seen.level ?? same;
      if (level > 0) active.push({ ladder, level });
    }
    await write(pool, steps, now);
    return active;
  }
}

function ownLadder({ plan, catalog }: Policy): Ladder | undefined {
  return catalog.ladders.find(({ name, watches }) => name === plan.ladder && watches === 'ceiling');
}

/** The ladders over shared meters, with the meter each watches now. */
export function sharedLadders(catalog: Catalog, now: Temporal.Instant): { ladder: Ladder; spec: MeterSpec }[] {
  return catalog.ladders.flatMap((ladder) => {
    const spec = sharedMeter(catalog, ladder, now);
    return spec ? [{ ladder, spec }] : [];
  });
}

/** What is held is not counted: it is a worst case, most of which comes back, and would make a ladder flap. */
export function spentOf({ used, unreconciled, overrun }: MeterState): bigint {
  return used + unreconciled + overrun;
}

function stepOf(
  ladder: Ladder,
  state: MeterState | undefined,
  before: number,
  workspace_state: WorkspaceState,
): Step | undefined {
  if (state === undefined) return undefined;
  const { workspace, unit, cap, window_start } = state;
  const spent = spentOf(state);
  const level = levelAt(ladder, spent, cap, before);
  const kept = workspace_state.levels.get(ladder.name);
  const here = kept?.unit === unit && kept.window_start.equals(window_start) ? kept : undefined;
  if (here === undefined ? level === 0 : here.level === level && here.cap === cap) return undefined;
  return { workspace, ladder: ladder.name, seen: { unit, window_start, cap, spent, level } };
}

async function write(pool: Pool, steps: readonly Step[], now: Temporal.Instant): Promise<void> {
  if (steps.length === 0) return;
  const column = <T>(of: (step: Step) => T): T[] => steps.map(of);
  // A server that is a window behind does not undo what another has seen in this one.
  await pool.query(
    `insert into policy.level (workspace_id, ladder, unit, window_start, cap, spent, level, since)
     select w, l, u, s, c, p, r, $8 from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::smallint[])
       as seen (w, l, u, s, c, p, r) order by w, l
     on conflict (workspace_id, ladder) do update set unit = excluded.unit, window_start = excluded.window_start, cap = excluded.cap,
       spent = excluded.spent, level = excluded.level, since = case when level.level = excluded.level then level.since else excluded.since end
     where level.window_start <= excluded.window_start`,
    [
      column((step) => step.workspace),
      column((step) => step.ladder),
      column((step) => step.seen.unit),
      column((step) => step.seen.window_start.toString()),
      column((step) => step.seen.cap),
      column((step) => step.seen.spent),
      column((step) => step.seen.level),
      now.toString(),
    ],
  );
}
