import { randomBytes } from 'node:crypto';

import { wasDemoted } from '@purser/core';
import { Redis } from 'ioredis';

import type { FoundEntry } from './entry-store.ts';

/** A Redis that takes longer counts as away. */
const TIMEOUT_MS = 250;
/** How long a Redis that failed is not read, so that a hanging one does not cost every look-up its time-out. */
const PAUSE_MS = 1_000;
const RECONNECT_MS_MAX = 1_000;
/** How long what was read from PostgreSQL is believed, and how long reading it may take to be kept. */
export const CACHED_MS = 3_000;
const FILL_MS = 1_000;

const LEASE = 0;
const NOTHING = 1;
const ENTRY = 2;
const LEASE_BYTES = 16;
const EXPIRY_BYTES = 8;

/** Keeps what was read only where nobody has said meanwhile that it changed, and Redis has not forgotten who reads. */
const FILL = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3]) end`;

/** The right to fill a name, until it is changed, or a second is over. */
export type Lease = Buffer & { readonly lease: true };

/** What the cache says of a name. `unknown`: ask PostgreSQL, and fill it with the lease, if there is one. */
export type CacheAnswer =
  | { readonly kind: 'found'; readonly entry: FoundEntry | undefined }
  | { readonly kind: 'unknown'; readonly lease: Lease | undefined };

const UNKNOWN: CacheAnswer = { kind: 'unknown', lease: undefined };

/**
 * What PostgreSQL said of a name a few seconds ago, for every server. It may be emptied, stopped or lost at any time: nothing is here alone,
 * and whatever goes wrong, no entry is told of for longer than `CACHED_MS` after it was filled.
 */
export class RedisEntryCache {
  readonly #redis: Redis;
  readonly #prefix: string;
  #away_until_ms = 0;

  constructor(url: string, prefix = 'purser:session:') {
    this.#prefix = prefix;
    this.#redis = new Redis(url, {
      commandTimeout: TIMEOUT_MS,
      connectTimeout: RECONNECT_MS_MAX,
      // What waited for a reconnect would be asked of PostgreSQL sooner, and a change that is told late has no one to tell.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_MS_MAX),
      reconnectOnError: wasDemoted,
    });
    // Without a listener each attempt to reconnect would be printed.
    this.#redis.on('error', () => {});
  }

  async ask(name: Buffer): Promise<CacheAnswer> {
    if (performance.now() < this.#away_until_ms) return UNKNOWN;
    const key = this.#keyOf(name);
    return this.#orAway(UNKNOWN, async () => {
      const kept = await this.#redis.getBuffer(key);
      if (kept !== null) return answerOf(kept);
      const lease = newLease();
      const mine = await this.#redis.set(key, lease, 'PX', FILL_MS, 'NX');
      return mine === null ? UNKNOWN : { kind: 'unknown', lease };
    });
  }

  async fill(name: Buffer, lease: Lease, entry: FoundEntry | undefined): Promise<void> {
    await this.#orAway(undefined, async () => {
      await this.#redis.eval(FILL, 1, this.#keyOf(name), lease, keptOf(entry), CACHED_MS);
    });
  }

  /** To be called once the change is in PostgreSQL. Whoever reads from now on sees it; leases from before fill nothing. */
  async forget(names: readonly Buffer[]): Promise<void> {
    if (names.length === 0) return;
    // Where it cannot be told, this server at least does not read what is out of date.
    await this.#orAway(
      undefined,
      async () => {
        await this.#redis.unlink(names.map((name) => this.#keyOf(name)));
      },
      FILL_MS + CACHED_MS,
    );
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** A Redis that is away, full or cannot write is no fault: PostgreSQL knows. */
  async #orAway<Value>(otherwise: Value, ask: () => Promise<Value>, pause_ms = PAUSE_MS): Promise<Value> {
    try {
      return await ask();
    } catch {
      this.#away_until_ms = Math.max(this.#away_until_ms, performance.now() + pause_ms);
      return otherwise;
    }
  }

  #keyOf(name: Buffer): string {
    return this.#prefix + name.toString('hex');
  }
}

function newLease(): Lease {
  return Buffer.concat([Buffer.of(LEASE), randomBytes(LEASE_BYTES)]) as Lease;
}

function keptOf(entry: FoundEntry | undefined): Buffer {
  if (entry === undefined) return Buffer.of(NOTHING);
  const head = Buffer.alloc(1 + EXPIRY_BYTES, ENTRY);
  head.writeDoubleBE(entry.expires_ms, 1);
  return Buffer.concat([head, entry.sealed]);
}

function answerOf(kept: Buffer): CacheAnswer {
  if (kept[0] === NOTHING) return { kind: 'found', entry: undefined };
  if (kept[0] !== ENTRY || kept.length < 1 + EXPIRY_BYTES) return UNKNOWN;
  const entry = { expires_ms: kept.readDoubleBE(1), sealed: kept.subarray(1 + EXPIRY_BYTES) };
  return { kind: 'found', entry };
}
