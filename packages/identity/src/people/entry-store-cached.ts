import type { Clock } from '@purser/core';

import type { RedisEntryCache } from './entry-cache-redis.ts';
import type { EntryStore, FoundEntry } from './entry-store.ts';
import type { PostgresEntries } from './entry-store-postgres.ts';

/** Where a look-up or a change is between PostgreSQL and Redis; a test stops it there. */
export type CachePoint = 'read' | 'changed';

/**
 * PostgreSQL with Redis in front. A change is first in PostgreSQL, then taken out of Redis, then acknowledged; so what is read after that
 * is the change. A look-up that read before it fills nothing, for it has lost its lease. Where Redis could not be told, what it says is
 * over after `FILL_MS` and `CACHED_MS`.
 */
export class CachedEntries implements EntryStore {
  readonly #entries: PostgresEntries;
  readonly #cache: RedisEntryCache;
  readonly #clock: Clock;
  readonly #pause: (point: CachePoint) => Promise<void> | void;

  constructor(
    entries: PostgresEntries,
    cache: RedisEntryCache,
    clock: Clock,
    pause: (point: CachePoint) => Promise<void> | void = () => {},
  ) {
    this.#entries = entries;
    this.#cache = cache;
    this.#clock = clock;
    this.#pause = pause;
  }

  async get(name: Buffer): Promise<Buffer | undefined> {
    const entry = await this.#find(name);
    return entry !== undefined && entry.expires_ms > this.#clock.now().epochMilliseconds ? entry.sealed : undefined;
  }

  async #find(name: Buffer): Promise<FoundEntry | undefined> {
    const answer = await this.#cache.ask(name);
    if (answer.kind === 'found') return answer.entry;
    const entry = await this.#entries.find(name);
    await this.#pause('read');
    if (answer.lease) await this.#cache.fill(name, answer.lease, entry);
    return entry;
  }

  take(name: Buffer): Promise<Buffer | undefined> {
    return this.#changing(name, this.#entries.take(name));
  }

  put(name: Buffer, entry: Buffer, lifetime_ms: number, about?: readonly Buffer[]): Promise<void> {
    return this.#changing(name, this.#entries.put(name, entry, lifetime_ms, about));
  }

  replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    return this.#changing(name, this.#entries.replace(name, entry, lifetime_ms));
  }

  remove(name: Buffer): Promise<void> {
    return this.#changing(name, this.#entries.remove(name));
  }

  end(name: Buffer): Promise<void> {
    return this.#changing(name, this.#entries.end(name));
  }

  async endAbout(about: Buffer): Promise<void> {
    const names = await this.#entries.endNamesAbout(about);
    await this.#pause('changed');
    await this.#cache.forget(names);
  }

  async #changing<Value>(name: Buffer, change: Promise<Value>): Promise<Value> {
    try {
      return await change;
    } finally {
      // Also where PostgreSQL did not say whether it was changed.
      await this.#pause('changed');
      await this.#cache.forget([name]);
    }
  }

  async close(): Promise<void> {
    this.#cache.close();
    await this.#entries.close();
  }
}
