import { once } from 'node:events';

import { Redis } from 'ioredis';

import { LocalRateLimiter } from './local-limiter.ts';
import type { RateAllowed, RateDecision, RateLimiter, RateRequest } from './rate.ts';
import { RateScript } from './redis-script.ts';
import { refuseRate } from './refuse-rate.ts';
import { Shares } from './share.ts';
import { horizonUs, type Wait } from './sliding.ts';

export interface RedisRateLimiterOptions {
  readonly url: string;
  /** Before every key, so that several installations can share one Redis. */
  readonly prefix?: string;
  /** How many servers there may be at most: while Redis is away each grants 1/servers of every limit. */
  readonly servers_max?: number;
  /** A Redis that takes longer counts as away. */
  readonly timeout_ms?: number;
  readonly subjects_max?: number;
  /** Told when Redis goes and comes, with the reason. */
  readonly onChange?: (enforced: RateAllowed['enforced'], reason: string) => void;
}

const SERVERS_MAX = 4;
const TIMEOUT_MS = 250;
/** How long a Redis that failed is left alone, so that a hanging one does not cost every call its time-out. */
const PAUSE_MS = 1_000;
const OPEN_MS_MAX = 2_000;
const RECONNECT_MS_MAX = 1_000;

/**
 * Sliding limits over any number of servers: one script, one round trip, for all the decisions that are wanted at a time.
 *
 * While Redis is away each server holds itself to its share of every limit, counting what it admitted before; so the limits hold without
 * anybody's help. When Redis is back it may have forgotten, so for as long as the longest window both must agree.
 * In the one window in which Redis goes, calls that other servers admitted through it are not known here: up to the limit again can pass.
 */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis;
  readonly #script: RateScript;
  readonly #local: LocalRateLimiter;
  readonly #shares: Shares;
  readonly #onChange: RedisRateLimiterOptions['onChange'];
  #away_until_ms = 0;
  /** Until then the shares bind as well: null while Redis has always been there. */
  #both_until_ms: number | null = null;
  #horizon_ms = 0;
  #enforced: RateAllowed['enforced'] = 'shared';

  /** Waits for Redis a moment, so that a server does not begin with its share of the limits because it asked too early. */
  static async open(options: RedisRateLimiterOptions): Promise<RedisRateLimiter> {
    const limiter = new RedisRateLimiter(options);
    if (limiter.#redis.status !== 'ready')
      await once(limiter.#redis, 'ready', { signal: AbortSignal.timeout(OPEN_MS_MAX) }).catch(() => {});
    return limiter;
  }

  private constructor(options: RedisRateLimiterOptions) {
    this.#local = new LocalRateLimiter(options.subjects_max === undefined ? {} : { subjects_max: options.subjects_max });
    this.#shares = new Shares(options.servers_max ?? SERVERS_MAX);
    this.#onChange = options.onChange;
    this.#redis = new Redis(options.url, {
      commandTimeout: options.timeout_ms ?? TIMEOUT_MS,
      connectTimeout: RECONNECT_MS_MAX,
      // A decision that waited for a reconnect would come too late to be one.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_MS_MAX),
    });
    this.#script = new RateScript(this.#redis, options.prefix ?? 'purser:rate:');
    // The reason comes again with each refused command; without a listener it would be printed for every attempt to connect.
    this.#redis.on('error', () => {});
  }

  get enforced(): RateAllowed['enforced'] {
    return this.#enforced;
  }

  decide(request: RateRequest): RateDecision | Promise<RateDecision> {
    for (const { rules } of request.subjects) this.#horizon_ms = Math.max(this.#horizon_ms, horizonUs(rules) / 1_000);
    const now_ms = performance.now();
    if (now_ms < this.#away_until_ms) return this.#decideAlone(request);
    if (this.#redis.status !== 'ready') {
      this.#setAway(now_ms, `Redis is ${this.#redis.status}`);
      return this.#decideAlone(request);
    }
    return this.#decideTogether(request);
  }

  async #decideTogether(request: RateRequest): Promise<RateDecision> {
    const both = this.#both_until_ms !== null && performance.now() < this.#both_until_ms;
    if (both) {
      const own = this.#local.decide(this.#shares.of(request));
      if ('refused' in own) return own;
    }
    let wait: Wait | undefined;
    try {
      wait = await this.#script.ask(request);
    } catch (error) {
      this.#setAway(performance.now(), error instanceof Error ? error.message : String(error));
      return both ? { allowed: true, enforced: 'local_share' } : this.#decideAlone(request);
    }
    this.#setShared();
    if (wait) return refuseRate(wait);
    if (!both) {
      const full = this.#local.record(this.#shares.of(request));
      if (full) return full;
    }
    return { allowed: true, enforced: 'shared' };
  }

  #decideAlone(request: RateRequest): RateDecision {
    const decision = this.#local.decide(this.#shares.of(request));
    return 'refused' in decision ? decision : { allowed: true, enforced: 'local_share' };
  }

  #setAway(now_ms: number, reason: string): void {
    this.#away_until_ms = now_ms + PAUSE_MS;
    this.#both_until_ms = Infinity;
    this.#become('local_share', reason);
  }

  #setShared(): void {
    if (this.#both_until_ms === Infinity) this.#both_until_ms = performance.now() + this.#horizon_ms;
    this.#become('shared', 'Redis answers');
  }

  #become(enforced: RateAllowed['enforced'], reason: string): void {
    if (this.#enforced === enforced) return;
    this.#enforced = enforced;
    this.#onChange?.(enforced, reason);
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }
}
