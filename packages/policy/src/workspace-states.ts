import { DataLoader, type Clock, PLATFORM } from '@purser/core';
import { databaseFault, NoticeListener, type Pool } from '@purser/database';
import { servedTerms } from '@purser/terms';

import { Generations } from './generations.ts';
import { type StoredLevel, NOTHING_KNOWN, type Raised, type WorkspaceState } from './workspace-state.ts';

interface Entry {
  readonly workspace_state: WorkspaceState;
  readonly loaded_ms: number;
  readonly stale: boolean;
  /** The plan of the workspace when this was made ready for it. */
  readonly plan?: string | undefined;
}

const GENERATION_MAX = 50_000;
const CHANNEL = 'purser_policy';

/**
 * What is known of workspaces beside their rows, kept in memory: at hand without waiting once it has been made ready, and read again as
 * soon as Postgres tells of a change. The platform's own stands under its id.
 */
export class WorkspaceStates {
  readonly #known = new Generations<Entry>(GENERATION_MAX);
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #listener: NoticeListener;
  readonly #loader: DataLoader<WorkspaceState>;
  /** Grows with every notice: what was being read meanwhile may be older than the change. */
  #heard = 0;

  /** `platformChanged` hears that something of the whole installation changed. */
  constructor(pool: Pool, clock: Clock, platformChanged: () => void) {
    this.#pool = pool;
    this.#clock = clock;
    this.#loader = new DataLoader((ids) => this.#load(ids));
    this.#listener = new NoticeListener(
      pool,
      CHANNEL,
      (id) => {
        this.#heard += 1;
        this.#distrust(id);
        if (id === PLATFORM) platformChanged();
      },
      () => {
        this.#heard += 1;
        this.#known.clear();
        platformChanged();
      },
    );
  }

  start(): Promise<void> {
    return this.#listener.start();
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  /** As last read. */
  of(workspace: string): WorkspaceState {
    return this.#known.get(workspace)?.workspace_state ?? NOTHING_KNOWN;
  }

  /**
   * Undefined when what `of` gives may be believed; else when it may. A plan is heard of by another way than what was paid for it: on another plan than
   * before everything is read again, or a payer would be served as if that had been agreed.
   */
  ready(workspace: string, plan = ''): Promise<void> | undefined {
    const entry = this.#known.get(workspace);
    if (entry && !entry.stale && entry.plan === plan && this.#listener.isFresh(entry.loaded_ms, performance.now()))
      return undefined;
    return this.#readFor(workspace, plan);
  }

  async #readFor(workspace: string, plan: string): Promise<void> {
    await this.read(workspace);
    const entry = this.#known.get(workspace);
    if (entry) this.#known.set(workspace, { ...entry, plan });
  }

  async read(workspace: string): Promise<void> {
    await this.#loader.load(workspace);
  }

  /** Read again at once, so that the next call need not wait; what was known stands until then. */
  #distrust(id: string): void {
    const entry = this.#known.get(id);
    if (!entry) return;
    this.#known.set(id, { ...entry, stale: true });
    // Who needs it and cannot have it meets the fault itself.
    this.read(id).catch(() => {});
  }

  async #load(ids: readonly string[]): Promise<ReadonlyMap<string, WorkspaceState>> {
    const heard = this.#heard;
    const loaded_ms = performance.now();
    const found = await readStates(this.#pool, ids, this.#clock.now());
    for (const id of ids) {
      const { plan } = this.#known.get(id) ?? {};
      this.#known.set(id, { workspace_state: found.get(id) ?? NOTHING_KNOWN, loaded_ms, stale: heard !== this.#heard, plan });
    }
    return found;
  }
}

type LevelRow = StoredLevel & { workspace_id: string; ladder: string };
type RaisedRow = Raised & { workspace_id: string };

async function readStates(pool: Pool, ids: readonly string[], now: Temporal.Instant): Promise<Map<string, WorkspaceState>> {
  const [levels, raised, terms] = await Promise.all([
    pool.query<LevelRow>(
      'select workspace_id, ladder, unit, window_start, cap, spent, level, since from policy.level where workspace_id = any($1::uuid[])',
      [ids],
    ),
    pool.query<RaisedRow>(
      'select workspace_id, unit, period_start, nanos, peak from policy.raised where workspace_id = any($1::uuid[]) and (nanos <> 0 or peak <> 0)',
      [ids],
    ),
    servedTerms(pool, ids, now),
  ]).catch((error: unknown) => {
    throw databaseFault(error);
  });
  const kept = Map.groupBy(levels.rows, (row) => row.workspace_id);
  const raises = new Map(raised.rows.map((row) => [row.workspace_id, row]));
  return new Map(
    new Set([...kept.keys(), ...raises.keys(), ...terms.keys()]).values().map((id) => [
      id,
      Object.freeze({
        levels: new Map(kept.get(id)?.map((row) => [row.ladder, row])),
        raised: raises.get(id),
        terms: terms.get(id),
      }),
    ]),
  );
}
