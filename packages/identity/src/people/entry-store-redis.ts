import type { Redis } from 'ioredis';

import { askRedis, openSessionRedis } from '../session-redis.ts';
import type { EntryStore } from './entry-store.ts';

/** Entries that every server sees, in Redis, which forgets them when they expire. */
export class RedisEntries implements EntryStore {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(url: string, prefix = 'purser:person:') {
    this.#prefix = prefix;
    this.#redis = openSessionRedis(url);
  }

  async get(name: Buffer): Promise<Buffer | undefined> {
    return (await askRedis(() => this.#redis.getBuffer(this.#keyOf(name)))) ?? undefined;
  }

  async take(name: Buffer): Promise<Buffer | undefined> {
    return (await askRedis(() => this.#redis.getdelBuffer(this.#keyOf(name)))) ?? undefined;
  }

  async put(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    await askRedis(() => this.#redis.set(this.#keyOf(name), entry, 'PX', lifetime_ms));
  }

  async replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    await askRedis(() => this.#redis.set(this.#keyOf(name), entry, 'PX', lifetime_ms, 'XX'));
  }

  async remove(name: Buffer): Promise<void> {
    await askRedis(() => this.#redis.del(this.#keyOf(name)));
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  #keyOf(name: Buffer): string {
    return this.#prefix + name.toString('hex');
  }
}
