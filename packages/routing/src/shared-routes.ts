import { assert, inBackground, type WorkspaceId } from '@purser/core';

import { type ClosedReason, isIdle, later, type RouteEvent, type RouteKey, type RouteRecord } from './route-record.ts';
import type { KnownRoute } from './route-status.ts';
import type { RouteStore } from './route-store.ts';

/** `workspace` null: for everybody. */
export interface RouteClosing extends RouteKey {
  readonly reason: ClosedReason | null;
  readonly why: string | null;
  readonly wait_ms: number;
  readonly workspace: WorkspaceId | null;
}

interface Waiting {
  readonly event: RouteEvent;
  /** Undefined: the store is away. */
  readonly decided: ((after: RouteRecord | undefined) => void) | undefined;
}

/** What has happened to one route and is not in the store yet. */
interface Unwritten {
  readonly key: RouteKey;
  readonly events: Waiting[];
  writing: Promise<void> | undefined;
}

/** By id. Calls look here, so that nothing is put together for a look. */
interface KnownRoutes {
  readonly models: Map<string, KnownRoute>;
  readonly providers: Map<string, KnownRoute>;
}

/** Of one route while the store is away; the oldest is forgotten first. */
const UNWRITTEN_MAX = 1_000;

export interface SharedRoutesOptions {
  readonly store: RouteStore | undefined;
  readonly after: (key: RouteKey, before: RouteRecord | undefined, event: RouteEvent) => RouteRecord;
  readonly failed: (error: unknown) => void;
  readonly closed: (closing: RouteClosing) => void;
}

/**
 * The routes as this server knows them, and as all servers share them. What happens to a route here counts here at once, and goes to the
 * store in the order in which it happened: all that has gathered while the last was being written, in one transaction. What the store cannot
 * take stays and is written when it can. Only a claim waits for the store's word, for nobody else can tell who is first.
 */
export class SharedRoutes {
  readonly #options: SharedRoutesOptions;
  readonly #unwritten = new Map<string, Unwritten>();
  /** When a route was changed here last, counted in changes. */
  readonly #changed = new Map<string, { readonly key: RouteKey; readonly change: number }>();
  #known: KnownRoutes = { models: new Map(), providers: new Map() };
  #changes = 0;

  constructor(options: SharedRoutesOptions) {
    this.#options = options;
  }

  /** What is known of a model, or (null) of all models of the provider. */
  get(provider: string, model: string | null): KnownRoute | undefined {
    if (model === null) return this.#known.providers.get(provider);
    const known = this.#known.models.get(model);
    return known?.record.provider === provider ? known : undefined;
  }

  list(): readonly RouteRecord[] {
    const now = performance.now();
    const all = [...this.#known.providers.values(), ...this.#known.models.values()];
    return all.map(({ record, at_ms }) => later(record, now - at_ms));
  }

  /** What is known after the event; undefined: the store is away, and this server alone knows. Never rejects. */
  tell(key: RouteKey, event: RouteEvent): Promise<RouteRecord | undefined> {
    const { store, after } = this.#options;
    const before = this.#recordOf(key);
    const here = after(key, before, event);
    const isNews = here !== before;
    if (isNews && (store === undefined || event.kind !== 'claim')) this.#keep(key, here);
    if (store === undefined || (!isNews && event.kind === 'served')) return Promise.resolve(here);
    return new Promise((decided) => {
      const unwritten = this.#unwrittenOf(key);
      unwritten.events.push({ event, decided });
      if (unwritten.writing === undefined) inBackground(this.#write(unwritten), this.#options.failed);
    });
  }

  /** Writes what could not be written before, and takes over what other servers wrote. */
  async refresh(): Promise<void> {
    const { store } = this.#options;
    if (store === undefined) return;
    for (const unwritten of this.#unwritten.values()) await (unwritten.writing ?? this.#write(unwritten));
    const changes = this.#changes;
    const at_ms = performance.now();
    const found: KnownRoutes = { models: new Map(), providers: new Map() };
    for (const record of await store.read()) if (!isIdle(record)) put(found, record, { record, at_ms });
    // What was changed here meanwhile is younger than what was read.
    for (const [name, { key, change }] of this.#changed)
      if (change > changes || this.#unwritten.has(name)) put(found, key, this.get(key.provider, key.model));
    this.#known = found;
  }

  #unwrittenOf(key: RouteKey): Unwritten {
    const name = nameOf(key);
    let unwritten = this.#unwritten.get(name);
    if (unwritten === undefined) this.#unwritten.set(name, (unwritten = { key, events: [], writing: undefined }));
    return unwritten;
  }

  #write(unwritten: Unwritten): Promise<void> {
    unwritten.writing = this.#writeAll(unwritten).finally(() => (unwritten.writing = undefined));
    return unwritten.writing;
  }

  async #writeAll(unwritten: Unwritten): Promise<void> {
    const { key, events } = unwritten;
    const { store, after } = this.#options;
    while (events.length > 0) {
      const batch = [...events];
      let decided: RouteRecord[] = [];
      try {
        await store?.change(key, (found) => {
          decided = [];
          let record = found;
          for (const { event } of batch) decided.push((record = after(key, record, event)));
          assert(record !== undefined, 'a batch has an event');
          return record;
        });
      } catch (error) {
        this.#putOff(events, batch);
        throw error;
      }
      events.splice(0, batch.length);
      let record = decided.at(-1);
      for (const { event } of events) if (event.kind !== 'claim') record = after(key, record, event);
      if (record) this.#keep(key, record);
      batch.forEach((waiting, at) => waiting.decided?.(decided[at]));
    }
    this.#unwritten.delete(nameOf(key));
  }

  /** Without the store nobody can be the only one; everything else counts here, and is written later. */
  #putOff(events: Waiting[], batch: readonly Waiting[]): void {
    const late = events.slice(batch.length);
    const kept = batch.filter(({ event }) => event.kind !== 'claim').map(({ event }) => ({ event, decided: undefined }));
    events.splice(0, events.length, ...kept.slice(-UNWRITTEN_MAX), ...late);
    for (const { decided } of batch) decided?.(undefined);
  }

  #recordOf(key: RouteKey): RouteRecord | undefined {
    const known = this.get(key.provider, key.model);
    return known && later(known.record, performance.now() - known.at_ms);
  }

  #keep(key: RouteKey, record: RouteRecord): void {
    const { provider, model } = key;
    const before = this.get(provider, model)?.record;
    this.#changed.set(nameOf(key), { key: { provider, model }, change: ++this.#changes });
    put(this.#known, key, isIdle(record) ? undefined : { record, at_ms: performance.now() });
    this.#tellClosed(before, record);
  }

  #tellClosed(before: RouteRecord | undefined, { provider, model, own, ...all }: RouteRecord): void {
    const tell = (closing: typeof all | RouteRecord['own'][number], workspace: RouteClosing['workspace']): void => {
      const { reason, why, wait_ms } = closing;
      this.#options.closed({ provider, model, reason, why, wait_ms, workspace });
    };
    if (all.state === 'closed' && all.wait_ms > 0 && (before?.state !== 'closed' || before.reason !== all.reason))
      tell(all, null);
    for (const one of own) {
      if (one.state !== 'closed' || one.wait_ms === 0 || one.reason === 'overrun') continue;
      if (before?.own.find(({ workspace }) => workspace === one.workspace)?.state !== 'closed') tell(one, one.workspace);
    }
  }
}

function put({ models, providers }: KnownRoutes, { provider, model }: RouteKey, known: KnownRoute | undefined): void {
  const [map, name] = model === null ? [providers, provider] : [models, model];
  if (known) map.set(name, known);
  else map.delete(name);
}

function nameOf({ provider, model }: RouteKey): string {
  return JSON.stringify([provider, model]);
}
