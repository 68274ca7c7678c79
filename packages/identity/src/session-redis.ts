import { Fault, wasDemoted } from '@purser/base';
import { Redis } from 'ioredis';

import { hashBytes, type SecretHash } from './secret.ts';
import { parseSession, type Session, type SessionStore } from './session-store.ts';

const TIMEOUT_MS = 1_000;
const RECONNECT_MS_MAX = 1_000;

/** Sessions that every server sees, in Redis, which forgets them when they expire. */
export class RedisSessions implements SessionStore {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(url: string, prefix = 'purser:session:') {
    this.#prefix = prefix;
    this.#redis = openSessionRedis(url);
  }

  async put(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    await askRedis(() => this.#redis.set(this.#keyOf(token), JSON.stringify(session), 'PX', lifetime_ms));
  }

  async replace(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    await askRedis(() => this.#redis.set(this.#keyOf(token), JSON.stringify(session), 'PX', lifetime_ms, 'XX'));
  }

  async get(token: SecretHash): Promise<Session | undefined> {
    const stored = await askRedis(() => this.#redis.get(this.#keyOf(token)));
    return parseSession(stored);
  }

  async remove(token: SecretHash): Promise<void> {
    await askRedis(() => this.#redis.del(this.#keyOf(token)));
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  #keyOf(token: SecretHash): string {
    return this.#prefix + hashBytes(token).toString('hex');
  }
}

export function openSessionRedis(url: string): Redis {
  const redis = new Redis(url, {
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_MS_MAX),
    reconnectOnError: wasDemoted,
  });
  // Whoever asks for a session meets the fault; without a listener each attempt to reconnect would be printed.
  redis.on('error', () => {});
  return redis;
}

/** @throws Fault, retryable, when Redis does not answer: a session that cannot be seen lets nobody in. */
export async function askRedis<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    throw new Fault('the session store did not answer', { retryable: true, cause: error });
  }
}
