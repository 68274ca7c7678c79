import { inBackground, PLATFORM, repeat, type Repetition, type WorkspaceId } from '@purser/base';

import type { RouteRecord, RouteStore } from './route-store.ts';

/** What a proof found: the output limit was kept, under which name, or it was not. */
export type Proof =
  | { readonly kept: true; readonly output_limit: string | null }
  | { readonly kept: false; readonly why: string };

export interface RouteState {
  /** `open`: calls go there. `to_prove`: the next call proves it first. `closed`: none goes there. */
  readonly state: 'open' | 'to_prove' | 'closed';
  readonly why: string | null;
  readonly retry_ms: number;
}

interface Known extends Omit<RouteRecord, 'closed_ms'> {
  readonly until_ms: number;
}

export interface RouteStatesOptions {
  /** For how long a model closes the first time; each further workspace whose call overruns, and each proof that fails, doubles it. */
  readonly closed_ms: number;
  /** For how long the workspace whose call overran is kept off the model the first time; doubles each time within the longest. */
  readonly workspace_closed_ms: number;
  /** Absent: this process alone knows. */
  readonly store?: RouteStore;
  readonly failed?: (error: unknown) => void;
  /** Hears once of each closing that this server decided. */
  readonly onClosed?: (closing: { model: string; why: string; closed_ms: number }) => void;
}

const CLOSED_MS_MAX = 3_600_000;
const READ_EVERY_MS = 250;
const OPEN: RouteState = Object.freeze({ state: 'open', why: null, retry_ms: 0 });

/**
 * Which models calls may be sent to. A call that cost more than was held for it closes its model for everybody until a probe of ours, which
 * no workspace pays for, has shown that the output limit is kept; and, for longer, for the workspace whose call it was, so that one caller
 * cannot keep closing it for the others. This server knows at once, the others within a quarter of a second.
 */
export class RouteStates {
  readonly #options: RouteStatesOptions;
  readonly #known = new Map<string, Known>();
  /** Written here and not yet in the store. */
  readonly #unwritten = new Map<string, Known>();
  #writing: Promise<void> = Promise.resolve();
  /** Decided here since the last read began. */
  readonly #changed = new Set<string>();
  readonly #proving = new Map<string, Promise<Proof>>();
  readonly #reading: Repetition | undefined;

  constructor(options: RouteStatesOptions) {
    this.#options = options;
    if (options.store) this.#reading = repeat(READ_EVERY_MS, () => this.refresh(), options.failed ?? (() => {}));
  }

  /** Seconds until the first closing of a model is over. */
  get seconds(): number {
    return Math.ceil(this.#options.closed_ms / 1000);
  }

  /** `documented`: its provider is known to keep the limit that is sent, so that it need not be proven as long as it has not overrun. */
  of(model: string, workspace: WorkspaceId, documented: boolean): RouteState {
    const now = performance.now();
    const own = this.#known.get(keyOf(model, workspace));
    if (own && own.until_ms > now) return closedState(own, now);
    const all = this.#known.get(keyOf(model, PLATFORM));
    if (all === undefined) return documented ? OPEN : { state: 'to_prove', why: null, retry_ms: 0 };
    if (all.state === 'proven') return OPEN;
    return all.until_ms > now ? closedState(all, now) : { state: 'to_prove', why: all.why, retry_ms: 0 };
  }

  /** The name of the output limit that a proof has shown to be kept. */
  outputLimit(model: string): string | null {
    return this.#known.get(keyOf(model, PLATFORM))?.output_limit ?? null;
  }

  /** A call of the workspace cost more than was held for it. */
  overran(model: string, workspace: WorkspaceId, why: string): void {
    const { closed_ms, workspace_closed_ms } = this.#options;
    const times = (this.#known.get(keyOf(model, workspace))?.times ?? 0) + 1;
    this.#close(model, workspace, doubled(workspace_closed_ms, times - 1), times, why);
    const others = [...this.#known.values()].filter((one) => one.model === model && one.workspace !== PLATFORM).length;
    this.#close(model, PLATFORM, doubled(closed_ms, others - 1), 0, why);
  }

  /** Proves the model by `run`, once for all callers of this process that wait for it, and opens or closes it by what comes. */
  prove(model: string, run: () => Promise<Proof>): Promise<Proof> {
    let proving = this.#proving.get(model);
    if (proving === undefined) {
      proving = run()
        .then((proof) => this.#proved(model, proof))
        .finally(() => this.#proving.delete(model));
      this.#proving.set(model, proving);
    }
    return proving;
  }

  #proved(model: string, proof: Proof): Proof {
    if (proof.kept) {
      const { output_limit } = proof;
      this.#set({
        model,
        workspace: PLATFORM,
        state: 'proven',
        output_limit,
        times: 0,
        why: 'a probe kept its limit',
        until_ms: 0,
      });
    } else {
      const times = (this.#known.get(keyOf(model, PLATFORM))?.times ?? 0) + 1;
      this.#close(model, PLATFORM, doubled(this.#options.closed_ms, times), times, proof.why);
    }
    return proof;
  }

  #close(model: string, workspace: WorkspaceId, closed_ms: number, times: number, why: string): void {
    this.#set({ model, workspace, state: 'closed', output_limit: null, times, why, until_ms: performance.now() + closed_ms });
    if (workspace === PLATFORM) this.#options.onClosed?.({ model, why, closed_ms });
  }

  #set(known: Known): void {
    const key = keyOf(known.model, known.workspace);
    this.#known.set(key, known);
    if (!this.#options.store) return;
    this.#unwritten.set(key, known);
    this.#changed.add(key);
    inBackground(this.#write(), (error) => this.#options.failed?.(error));
  }

  /** One at a time, so that what was decided last is what is written last. */
  #write(): Promise<void> {
    const before = this.#writing;
    const writing = (async () => {
      await before.catch(() => {});
      for (const [key, known] of this.#unwritten) {
        const { until_ms, ...record } = known;
        await this.#options.store?.write({ ...record, closed_ms: Math.max(0, until_ms - performance.now()) });
        if (this.#unwritten.get(key) === known) this.#unwritten.delete(key);
      }
    })();
    this.#writing = writing;
    return writing;
  }

  /** Writes what could not be written before, and takes over what other servers wrote. */
  async refresh(): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    this.#changed.clear();
    await this.#write();
    const began = performance.now();
    const found = new Map<string, Known>();
    for (const { closed_ms, ...record } of await store.read()) {
      found.set(keyOf(record.model, record.workspace), { ...record, until_ms: began + closed_ms });
    }
    // What was decided here while the read was under way is younger than what it found.
    for (const key of this.#known.keys()) if (!found.has(key) && !this.#changed.has(key)) this.#known.delete(key);
    for (const [key, known] of found) if (!this.#changed.has(key)) this.#known.set(key, known);
  }

  async close(): Promise<void> {
    await this.#reading?.stop();
  }
}

function keyOf(model: string, workspace: WorkspaceId): string {
  return `${workspace} ${model}`;
}

function closedState({ why, until_ms }: Known, now: number): RouteState {
  return { state: 'closed', why, retry_ms: until_ms - now };
}

function doubled(first_ms: number, times: number): number {
  return Math.min(first_ms * 2 ** Math.min(times, 30), Math.max(first_ms, CLOSED_MS_MAX));
}
