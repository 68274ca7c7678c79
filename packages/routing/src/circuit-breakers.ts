import { BoundedMap, newId, PLATFORM, repeat, type Repetition, type WorkspaceId } from '@purser/base';

import {
  afterEvent,
  type BreakerEvent,
  type BreakerKey,
  type BreakerLimits,
  type BreakerReason,
  type BreakerRecord,
} from './breaker.ts';
import type { BreakerStore } from './breaker-store.ts';

/** A model of a provider that calls are sent to. */
export interface Route {
  readonly provider: string;
  readonly model: string;
}

export interface BreakerStanding {
  /** `closed`: calls go there. `due`: one call may try it, and has to claim that first. `open`: none goes there. */
  readonly state: 'closed' | 'due' | 'open';
  readonly reason: BreakerReason | null;
  readonly why: string | null;
  readonly retry_ms: number;
}

/** The right to be the one call that tries a route. */
export interface Probe {
  readonly id: string;
  readonly keys: readonly BreakerKey[];
}

export interface Failure {
  readonly reason: BreakerReason;
  readonly why: string;
  /** Opens at once, for the model or for the whole provider; absent: after some in a row. */
  readonly opens?: 'model' | 'provider';
  readonly wait_ms?: number;
  readonly probe?: Probe | undefined;
  /** Whose call it was. As long as the calls of one workspace alone fail, it alone is kept away. Absent: what failed is nobody's. */
  readonly by?: WorkspaceId | undefined;
  /**
   * For a failure that a caller can bring about: whose it was, and when it began (monotonic). Those of one caller that were under way together
   * count once, or a handful sent at once would keep the others away.
   */
  readonly together?: { readonly by: string; readonly began_ms: number } | undefined;
}

export interface CircuitBreakersOptions {
  readonly store: BreakerStore;
  readonly limits?: Partial<BreakerLimits>;
  /** How long a probe may take before another call may try. */
  readonly lease_ms: number;
  /** How often what other servers wrote is read; 0: never. */
  readonly read_every_ms?: number;
  readonly failed?: (error: unknown) => void;
  /** Hears of each opening that this server caused. */
  readonly onOpened?: (record: BreakerRecord) => void;
}

const LIMITS: BreakerLimits = { failures_max: 5, open_ms: 30_000, open_ms_max: 300_000 };
/** Where some calls are served in between, half of so many that failed is enough. */
const RECENT = 20;
const RECENT_MS = 60_000;
const COUNTED_MAX = 10_000;
const READ_EVERY_MS = 500;
const CLOSED: BreakerStanding = Object.freeze({ state: 'closed', reason: null, why: null, retry_ms: 0 });

interface Known {
  readonly record: BreakerRecord;
  readonly until_ms: number;
}

interface Recent {
  readonly outcomes: { readonly at_ms: number; readonly failed: boolean }[];
}

/**
 * Which providers and models calls are kept away from because they fail. A breaker opens on failures in a row over all servers, or on half of
 * what one server sent lately; when its wait is over exactly one call over all servers tries the route, and closes or reopens it. A call reads
 * this process's memory alone; only what failed, and what served again, asks the store. While the calls of one
 * workspace alone fail, it alone is kept away: its prompts cannot close a route for the others. Other servers know within half a second.
 */
export class CircuitBreakers {
  readonly #options: CircuitBreakersOptions;
  readonly #limits: BreakerLimits;
  readonly #recent = new Map<string, Recent>();
  /** When a failure that its caller can bring about was counted last, by caller and route. */
  readonly #counted = new BoundedMap<string, number>(COUNTED_MAX);
  readonly #reading: Repetition | undefined;
  #known = new Map<string, Known>();
  #changes = 0;

  constructor(options: CircuitBreakersOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const every_ms = options.read_every_ms ?? READ_EVERY_MS;
    if (every_ms > 0) this.#reading = repeat(every_ms, () => this.refresh(), this.#failed);
  }

  /** As it is for a workspace; for the platform, as it is for whoever is kept away. */
  of({ provider, model }: Route, workspace: WorkspaceId = PLATFORM): BreakerStanding {
    if (this.#known.size === 0) return CLOSED;
    const now = performance.now();
    const keys = [
      { provider, model: null },
      { provider, model },
    ];
    const standings = keys.map((key) => this.#standing(key, now, workspace));
    return standings.find(({ state }) => state === 'open') ?? standings.find(({ state }) => state === 'due') ?? CLOSED;
  }

  #standing(key: BreakerKey, now: number, workspace: WorkspaceId): BreakerStanding {
    const known = this.#known.get(nameOf(key));
    if (known === undefined || known.record.state === 'closed') return CLOSED;
    const { reason, why, by } = known.record;
    if (by !== null && workspace !== PLATFORM && by !== workspace) return CLOSED;
    const retry_ms = Math.max(0, known.until_ms - now);
    return { state: retry_ms > 0 ? 'open' : 'due', reason, why, retry_ms };
  }

  /** Every route that has failed since it last served. */
  list(): readonly BreakerRecord[] {
    const now = performance.now();
    return [...this.#known.values()].map(({ record, until_ms }) => ({ ...record, wait_ms: Math.max(0, until_ms - now) }));
  }

  /** For the one call that may try a route that is due; null: another one does, or nobody can tell. */
  async claim({ provider, model }: Route, workspace: WorkspaceId = PLATFORM): Promise<Probe | null> {
    const id = newId();
    const won: BreakerKey[] = [];
    for (const key of [
      { provider, model: null },
      { provider, model },
    ]) {
      if (this.#standing(key, performance.now(), workspace).state === 'closed') continue;
      const after = await this.#tryChange(key, { kind: 'claim', probe: id, lease_ms: this.#options.lease_ms });
      if (after === null || after?.state === 'closed') continue;
      if (after?.probe !== id) {
        await this.returned({ id, keys: won });
        return null;
      }
      won.push(key);
    }
    return { id, keys: won };
  }

  /** A probe that told nothing about the route: another call may try. Never throws: its lease ends anyway. */
  async returned({ id, keys }: Probe): Promise<void> {
    for (const key of keys) await this.#tryChange(key, { kind: 'returned', probe: id });
  }

  /** A call failed by the provider's doing. Never throws: what cannot be written is known here alone. */
  async failed({ provider, model }: Route, failure: Failure): Promise<void> {
    const { reason, why, opens, probe, wait_ms, together, by = null } = failure;
    if (together && !probe && this.#isOneMore({ provider, model }, together)) return;
    const id = probe?.id ?? null;
    const event = { kind: 'failed', reason, why, probe: id, by, ...(wait_ms === undefined ? {} : { wait_ms }) } as const;
    const often = this.#note({ provider, model }, true);
    for (const key of probe?.keys ?? []) if (key.model === null) await this.#tryChange(key, { ...event, now: false });
    if (opens === 'provider') await this.#tryChange({ provider, model: null }, { ...event, now: true });
    else await this.#tryChange({ provider, model }, { ...event, now: opens === 'model' || often });
  }

  /** A call was served. Nothing is asked or written where nothing stands against the route. */
  served({ provider, model }: Route, probe?: Probe): void {
    this.#note({ provider, model }, false);
    if (this.#known.size === 0) return;
    for (const key of [
      { provider, model: null },
      { provider, model },
    ]) {
      const known = this.#known.get(nameOf(key));
      if (known && (known.record.state === 'closed' || probe))
        this.#tryChange(key, { kind: 'served', probe: probe?.id ?? null }).catch(this.#failed);
    }
  }

  /** Keeps all calls away from a provider for a while, for a reason of ours. */
  async closeProvider(provider: string, reason: BreakerReason, why: string, wait_ms: number): Promise<void> {
    await this.#tryChange({ provider, model: null }, { kind: 'failed', reason, why, now: true, probe: null, wait_ms, by: null });
  }

  /** That reason is over. */
  async resolved(provider: string, reason: BreakerReason): Promise<void> {
    if (this.#known.get(nameOf({ provider, model: null }))?.record.reason !== reason) return;
    await this.#tryChange({ provider, model: null }, { kind: 'resolved', reason });
  }

  /** Whether it was under way when the last one of its caller was counted. */
  #isOneMore(route: Route, { by, began_ms }: { readonly by: string; readonly began_ms: number }): boolean {
    const key = `${by} ${nameOf(route)}`;
    const counted_ms = this.#counted.get(key);
    if (counted_ms !== undefined && began_ms <= counted_ms) return true;
    this.#counted.set(key, performance.now());
    return false;
  }

  /** Whether half of what was sent there lately failed. */
  #note(route: Route, failed: boolean): boolean {
    const name = nameOf(route);
    let recent = this.#recent.get(name);
    if (recent === undefined) {
      // Served calls alone say nothing.
      if (!failed) return false;
      this.#recent.set(name, (recent = { outcomes: [] }));
    }
    const now = performance.now();
    recent.outcomes.push({ at_ms: now, failed });
    if (recent.outcomes.length > RECENT) recent.outcomes.shift();
    const within = recent.outcomes.filter(({ at_ms }) => now - at_ms < RECENT_MS);
    const failures = within.filter((outcome) => outcome.failed).length;
    if (failures === 0) this.#recent.delete(name);
    return within.length === RECENT && failures * 2 >= RECENT;
  }

  async #change(key: BreakerKey, event: BreakerEvent): Promise<BreakerRecord | null> {
    let before: BreakerRecord | null = null;
    const after = await this.#options.store.change(key, (found) => afterEvent(key, (before = found), event, this.#limits));
    this.#changes++;
    this.#keep(this.#known, key, after, performance.now());
    const was = before as BreakerRecord | null;
    if (after?.state === 'open' && event.kind === 'failed' && after.openings > (was?.openings ?? 0)) {
      this.#recent.delete(nameOf(key));
      this.#options.onOpened?.(after);
    }
    return after;
  }

  /** Undefined: the store is away, and this server alone knows. */
  async #tryChange(key: BreakerKey, event: BreakerEvent): Promise<BreakerRecord | null | undefined> {
    try {
      return await this.#change(key, event);
    } catch (error) {
      this.#failed(error);
      // Without the store nobody can be the only one.
      if (event.kind === 'claim') return undefined;
      const known = this.#known.get(nameOf(key));
      const now = performance.now();
      const before = known ? { ...known.record, wait_ms: Math.max(0, known.until_ms - now) } : null;
      this.#keep(this.#known, key, afterEvent(key, before, event, this.#limits), now);
      return undefined;
    }
  }

  #keep(known: Map<string, Known>, key: BreakerKey, record: BreakerRecord | null, now: number): void {
    if (record === null) known.delete(nameOf(key));
    else known.set(nameOf(key), { record, until_ms: now + record.wait_ms });
  }

  /** Takes over what other servers wrote. */
  async refresh(): Promise<void> {
    const changes = this.#changes;
    const began = performance.now();
    const records = await this.#options.store.read();
    // What was changed here meanwhile may be missing in what was read; the next reading has it.
    if (changes !== this.#changes) return;
    const known = new Map<string, Known>();
    for (const record of records) this.#keep(known, record, record, began);
    this.#known = known;
  }

  async close(): Promise<void> {
    await this.#reading?.stop();
  }

  readonly #failed = (error: unknown): void => this.#options.failed?.(error);
}

function nameOf({ provider, model }: BreakerKey): string {
  return `${provider}/${model ?? '*'}`;
}
