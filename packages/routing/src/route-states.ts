import { LruCache, inBackground, PLATFORM, repeat, type Repetition, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';

import { afterEvent } from './after-event.ts';
import { RecentOutcomes } from './recent-outcomes.ts';
import {
  type ClosedReason,
  type FailedEvent,
  type Proof,
  type Route,
  ROUTE_LIMITS,
  type RouteEvent,
  type RouteKey,
  type RouteLimits,
  type RouteRecord,
} from './route-record.ts';
import type { RouteStore } from './route-store.ts';
import { OPEN_ROUTE, overviewOf, type RouteOverview, type RouteStatus, statusOf, UNPROVEN_ROUTE } from './route-status.ts';
import { type RouteClosing, SharedRoutes } from './shared-routes.ts';

/** The right to be the one call that tries a route. */
export interface Probe {
  readonly id: string;
  readonly keys: readonly RouteKey[];
}

export interface Failure {
  readonly reason: ClosedReason;
  readonly why: string;
  /** Closes at once, for the workspace whose call it was, for the model or for the whole provider; absent: after some in a row. */
  readonly closes?: 'workspace' | 'model' | 'provider';
  readonly probe?: Probe | undefined;
  /** Whose call it was. Absent: nobody's. */
  readonly by?: WorkspaceId | undefined;
  /** Whether that workspace bears witness for the others: not one of somebody who can have any number of them. */
  readonly independent?: boolean;
  /**
   * When a call began (monotonic) that failed by what its caller can bring about. Those of one workspace that were under way together count
   * once, or a handful sent at once would look like a row.
   */
  readonly together_ms?: number | undefined;
}

export interface RouteStatesOptions {
  /** Absent: this process alone knows. */
  readonly store?: RouteStore;
  readonly limits?: Partial<RouteLimits>;
  /** How long a try may take before another call may; more than a call with its drain can take. */
  readonly lease_ms?: number;
  /** How often what other servers wrote is read; 0: never. */
  readonly read_every_ms?: number;
  readonly failed?: (error: unknown) => void;
  /** Hears once of each closing that this server met. */
  readonly onClosed?: (closing: RouteClosing) => void;
}

const READ_EVERY_MS = 250;
const LEASE_MS = 60_000;
const COUNTED_MAX = 10_000;
const NEITHER = Object.freeze({ everybody: false, own: false });

/**
 * Whether a provider's model may be called now, for whom, and why not: the one place where a call asks, and where what came of it is told. A
 * call reads this process's memory alone; the store is asked only by what changes something: a failure, a try, the success after one. What
 * this server is told it knows at once; the others within a quarter of a second.
 */
export class RouteStates {
  readonly #shared: SharedRoutes;
  readonly #limits: RouteLimits;
  readonly #lease_ms: number;
  readonly #recent: RecentOutcomes;
  /** When a failure that its caller can bring about was counted last, by workspace and model. */
  readonly #counted = new LruCache<string, number>(COUNTED_MAX);
  readonly #proving = new Map<string, Promise<void>>();
  readonly #reading: Repetition | undefined;

  constructor({
    store,
    limits,
    lease_ms = LEASE_MS,
    read_every_ms = READ_EVERY_MS,
    failed = () => {},
    onClosed,
  }: RouteStatesOptions = {}) {
    this.#limits = { ...ROUTE_LIMITS, ...limits };
    this.#lease_ms = lease_ms;
    this.#recent = new RecentOutcomes(this.#limits.witnesses_min);
    this.#shared = new SharedRoutes({
      store,
      failed,
      after: (key, before, event) => afterEvent(key, before, event, this.#limits),
      closed: (closing) => {
        this.#recent.forget(closing.model ?? '', closing.workspace ?? undefined);
        onClosed?.(closing);
      },
    });
    if (store && read_every_ms > 0) this.#reading = repeat(read_every_ms, () => this.refresh(), failed);
  }

  /**
   * How it stands for a workspace. `documented`: its provider is known to keep the limit that is sent, so that it need not be proven as long as
   * nothing has overrun. `probe`: of the call that asks, if that is the one that tries it.
   */
  of(route: Route, workspace: WorkspaceId, documented = true, probe?: Probe): RouteStatus {
    const model = this.#shared.get(route.provider, route.model);
    const provider = this.#shared.get(route.provider, null);
    if (model === undefined && provider === undefined) return documented ? OPEN_ROUTE : UNPROVEN_ROUTE;
    return statusOf({
      model,
      provider,
      workspace,
      documented,
      probe: probe?.id ?? null,
      proving: this.#proving.has(route.model),
    });
  }

  /** How it stands for operators: as for everybody, or as for those who are kept away alone. */
  overview(route: Route, documented = true): RouteOverview {
    return overviewOf(this.of(route, PLATFORM, documented), this.#shared.get(route.provider, route.model));
  }

  /** Every route of which anything is known. */
  list(): readonly RouteRecord[] {
    return this.#shared.list();
  }

  /** The name of the output limit that a probe has shown to be kept. */
  outputLimit({ provider, model }: Route): string | null {
    return this.#shared.get(provider, model)?.record.output_limit ?? null;
  }

  /** The models that a probe has to try now. */
  toProve(): readonly Route[] {
    const due: Route[] = [];
    for (const { provider, model, proof } of this.list()) {
      if (model === null || proof !== 'needed' || this.#proving.has(model)) continue;
      if (this.of({ provider, model }, PLATFORM).state === 'to_prove') due.push({ provider, model });
    }
    return due;
  }

  /** For the one call that may try what is due; undefined: nothing has to be claimed; null: another call tries it, or nobody can tell. */
  async claim({ provider, model }: Route, workspace: WorkspaceId): Promise<Probe | null | undefined> {
    const id = newId();
    const keys: RouteKey[] = [];
    for (const key of [
      { provider, model: null },
      { provider, model },
    ]) {
      const known = this.#shared.get(provider, key.model)?.record;
      const isOpen = (of: RouteRecord): boolean =>
        of.state === 'open' && !of.own.some((one) => one.workspace === workspace && one.state !== 'open');
      if (known === undefined || isOpen(known) || (key.model !== null && this.#proving.has(key.model))) continue;
      const after = await this.#shared.tell(key, { kind: 'claim', workspace, probe: id, lease_ms: this.#lease_ms });
      if (after !== undefined && isOpen(after)) continue;
      const isMine = after?.probe === id || after?.own.some(({ probe }) => probe === id);
      if (!isMine) {
        await this.returned({ id, keys });
        return null;
      }
      keys.push(key);
    }
    return keys.length === 0 ? undefined : { id, keys };
  }

  /** Proves a model by `run`, once for all callers of this process that wait for it, and opens or closes it by what comes. */
  prove(route: Route, run: () => Promise<Proof>, probe?: Probe): Promise<void> {
    let proving = this.#proving.get(route.model);
    if (proving === undefined) {
      proving = run()
        .then(async (proof) => {
          await this.#shared.tell(route, { kind: 'proved', proof, probe: probe?.id ?? null });
        })
        .finally(() => this.#proving.delete(route.model));
      this.#proving.set(route.model, proving);
    }
    return proving;
  }

  /** A call was served. Nothing is written where nothing stands against the route. */
  served({ provider, model }: Route, workspace: WorkspaceId, probe?: Probe): void {
    this.#recent.served(model, workspace);
    this.#served(this.#shared.get(provider, null)?.record, workspace, probe);
    this.#served(this.#shared.get(provider, model)?.record, workspace, probe);
  }

  /** A call failed by the provider's doing. Never throws: what cannot be written is known here alone until it can. */
  async failed({ provider, model }: Route, failure: Failure): Promise<void> {
    const { reason, why, closes, probe, by, independent = false, together_ms } = failure;
    if (by !== undefined && together_ms !== undefined && !probe && this.#isOneMore(by, model, together_ms)) return;
    const half = by === undefined ? NEITHER : this.#recent.failed(model, by, independent);
    const event: FailedEvent = {
      kind: 'failed',
      reason,
      why,
      at_once: null,
      by: by ?? null,
      independent,
      half,
      probe: probe?.id ?? null,
    };
    const everybody = { ...event, at_once: 'everybody' } as const;
    const nobodys = { ...event, by: null, half: NEITHER } as const;
    for (const key of probe?.keys ?? []) {
      const isTold = closes === 'provider' ? key.model === null : key.model !== null;
      if (isTold) continue;
      // Who tried the provider has shown that it fails still; a model that was tried as well is another's to try.
      await this.#shared.tell(key, key.model === null ? nobodys : { kind: 'returned', probe: event.probe ?? '' });
    }
    if (closes === 'provider') await this.#shared.tell({ provider, model: null }, { ...everybody, by: null, half: NEITHER });
    else if (closes === 'model') await this.#shared.tell({ provider, model }, everybody);
    else await this.#shared.tell({ provider, model }, closes === 'workspace' ? { ...event, at_once: 'workspace' } : event);
  }

  /** A call of the workspace cost more than its hold: known here before this returns. */
  overran({ provider, model }: Route, workspace: WorkspaceId, why: string): void {
    this.#inBackground({ provider, model }, { kind: 'overran', workspace, why });
  }

  /** A try that told nothing about the route: another call may. Never throws: its lease ends anyway. */
  async returned({ id, keys }: Probe): Promise<void> {
    for (const key of keys) await this.#shared.tell(key, { kind: 'returned', probe: id });
  }

  /** Keeps all calls away from a provider for a while, for a reason of ours. */
  async closeProvider(provider: string, reason: ClosedReason, why: string, wait_ms: number): Promise<void> {
    const nobodys = { by: null, independent: false, half: NEITHER, probe: null } as const;
    await this.#shared.tell(
      { provider, model: null },
      { kind: 'failed', reason, why, at_once: 'everybody', wait_ms, ...nobodys },
    );
  }

  /** That reason is over. */
  async resolved(provider: string, reason: ClosedReason): Promise<void> {
    if (this.#shared.get(provider, null)?.record.reason !== reason) return;
    await this.#shared.tell({ provider, model: null }, { kind: 'resolved', reason });
  }

  /** Writes what could not be written before, and takes over what other servers wrote. */
  refresh(): Promise<void> {
    return this.#shared.refresh();
  }

  async close(): Promise<void> {
    await this.#reading?.stop();
  }

  #served(known: RouteRecord | undefined, workspace: WorkspaceId, probe: Probe | undefined): void {
    if (known === undefined || !isNews(known, workspace, probe)) return;
    const { provider, model } = known;
    this.#inBackground({ provider, model }, { kind: 'served', workspace, probe: probe?.id ?? null });
  }

  #inBackground(key: RouteKey, event: RouteEvent): void {
    // What cannot be written is told by those who keep it.
    inBackground(this.#shared.tell(key, event), () => {});
  }

  /** Whether it was under way when the last one of its workspace was counted. */
  #isOneMore(by: WorkspaceId, model: string, began_ms: number): boolean {
    const key = `${by} ${model}`;
    const counted_ms = this.#counted.get(key);
    if (counted_ms !== undefined && began_ms <= counted_ms) return true;
    this.#counted.set(key, performance.now());
    return false;
  }
}

/** Whether it says anything new that a call of the workspace was served. */
function isNews({ failures, own }: RouteRecord, workspace: WorkspaceId, probe: Probe | undefined): boolean {
  return (
    failures > 0 || probe !== undefined || own.some((one) => one.witness || (one.workspace === workspace && one.failures > 0))
  );
}
