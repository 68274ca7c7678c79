import { once } from 'node:events';

import { inBackground, type Refusal, wasDemoted, LruCache } from '@purser/core';
import { Redis } from 'ioredis';

import { LocalRateLimiter } from './local-limiter.ts';
import { headroomOf } from './headroom.ts';
import type { FailureRequest, RateAllowed, RateDecision, RateHeadroom, RateLimiter, RateRequest } from './rate.ts';
import { examineRedis } from './examine-redis.ts';
import { RateScript, type Ruling } from './redis-script.ts';
import { refuseBlocked, refuseRate } from './refuse-rate.ts';
import { Shares } from './share.ts';
import { horizonUs } from './sliding.ts';

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
/** Workspaces whose last count is remembered. */
const COUNTED_MAX = 20_000;

/**
 * Sliding limits over any number of servers: one script, one round trip, for all the decisions that are wanted at a time.
 *
 * While Redis is away each server holds itself to its share of every limit, counting what it admitted before and its part of what it
 * heard that all had; so the limits hold without anybody's help. When Redis is back it may have forgotten, so for as long as the longest
 * window both must agree. In the one window in which Redis goes, a server grants its share also to somebody whom only others have served.
 */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis;
  readonly #script: RateScript;
  readonly #local: LocalRateLimiter;
  readonly #shares: Shares;
  readonly #onChange: RedisRateLimiterOptions['onChange'];
  /** What counted in the window of a workspace at its last call. */
  readonly #counted = new LruCache<string, number>(COUNTED_MAX);
  #away_until_ms = 0;
  /** Until then the shares bind as well: null while Redis has always been there. */
  #both_until_ms: number | null = null;
  #horizon_ms = 0;
  /** What Redis, or the way to it, said last of why there is no connection. */
  #refused: unknown;
  #enforced: RateAllowed['enforced'] = 'shared';

  /**
   * Waits for Redis a moment, so that a server does not begin with its share of the limits because it asked too early.
   * @throws Fault in one line when what answers there can never count for several servers.
   */
  static async open(options: RedisRateLimiterOptions): Promise<RedisRateLimiter> {
    const limiter = new RedisRateLimiter(options);
    if (limiter.#redis.status !== 'ready')
      await once(limiter.#redis, 'ready', { signal: AbortSignal.timeout(OPEN_MS_MAX) }).catch(() => {});
    try {
      await examineRedis(limiter.#redis, limiter.#script, limiter.#refused);
    } catch (error) {
      await limiter.close();
      throw error;
    }
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
      reconnectOnError: wasDemoted,
    });
    this.#script = new RateScript(this.#redis, options.prefix ?? 'purser:rate:', () => this.#forgotten());
    // The reason comes again with each refused command; without a listener it would be printed for every attempt to connect.
    this.#redis.on('error', (error) => {
      this.#refused = error;
    });
  }

  get enforced(): RateAllowed['enforced'] {
    return this.#enforced;
  }

  decide(request: RateRequest): RateDecision | Promise<RateDecision> {
    for (const { rules } of request.subjects) this.#horizon_ms = Math.max(this.#horizon_ms, horizonUs(rules) / 1_000);
    return this.#isAway() ? this.#decideAlone(request) : this.#decideTogether(request);
  }

  #isAway(): boolean {
    const now_ms = performance.now();
    if (now_ms < this.#away_until_ms) return true;
    if (this.#redis.status === 'ready') return false;
    this.#setAway(now_ms, `Redis is ${this.#redis.status}`);
    return true;
  }

  /**
   * Keeps the local counts at what this server admitted, and at its part of what all have: should Redis go, nobody grants what it has
   * granted already.
   */
  async #decideTogether(request: RateRequest): Promise<RateDecision> {
    const both = this.#remembersMore();
    const own = this.#shares.of(request);
    if (both) {
      const decision = this.#local.decide(own);
      if ('refused' in decision) {
        // Somebody has to find out that Redis is back, even if nobody is admitted.
        if (this.#enforced !== 'shared') inBackground(this.#probe(), () => {});
        return decision;
      }
    }
    let ruling: Ruling;
    try {
      ruling = await this.#script.ask(request);
    } catch (error) {
      this.#setAway(performance.now(), reasonOf(error));
      return both ? { allowed: true, enforced: 'local_share' } : this.#decideAlone(request);
    }
    this.#setShared();
    // Redis has just shown that it forgot: what it said of this call holds only together with what is remembered here.
    const forgotten = !both && this.#remembersMore();
    if (forgotten) {
      const decision = this.#local.decide(own);
      if ('refused' in decision) return decision;
    }
    const counted = both || forgotten;
    if (ruling.wait && counted) this.#local.takeBack(own);
    const full = ruling.wait || counted ? undefined : this.#local.record(own);
    this.#local.raise(
      own,
      ruling.sums.map((calls) => this.#shares.part(calls)),
    );
    this.#remember(request, ruling.sums);
    if (ruling.wait) return refuseRate(ruling.wait);
    return full ?? { allowed: true, enforced: 'shared' };
  }

  /** Of the first subject, whose calls all are: what all servers together have counted. */
  #remember({ scope, subjects }: RateRequest, [calls]: readonly number[]): void {
    const [subject] = subjects;
    if (subject !== undefined && calls !== undefined) this.#counted.set(`${scope} ${subject.name}`, calls);
  }

  headroom({ scope, subject, now }: Parameters<RateLimiter['headroom']>[0]): RateHeadroom | undefined {
    if (this.#isAway()) {
      const [own] = this.#shares.of({ scope, subjects: [subject], now }).subjects;
      return own && this.#local.headroom({ scope, subject: own, now });
    }
    const rule = subject.rules.find(({ kind }) => kind === 'window');
    return rule?.kind === 'window' ? headroomOf(rule, this.#counted.get(`${scope} ${subject.name}`) ?? 0) : undefined;
  }

  /** What fails costs nothing, so it is not shared out: while Redis is away each server counts the failures it sees. */
  fail(request: FailureRequest): Refusal | undefined | Promise<Refusal | undefined> {
    return this.#isAway() ? this.#local.fail(request) : this.#failTogether(request);
  }

  async #failTogether(request: FailureRequest): Promise<Refusal | undefined> {
    try {
      const { was_ms, is_ms } = await this.#script.fail(request);
      const here = this.#local.fail(request);
      if (is_ms > 0) this.#local.block(request, is_ms);
      if (was_ms > 0) return refuseBlocked(request.subject, request.subject.block, was_ms);
      return this.#remembersMore() ? here : undefined;
    } catch (error) {
      this.#setAway(performance.now(), reasonOf(error));
      return this.#local.fail(request);
    }
  }

  /** Redis was away a while ago and may have forgotten what this server knows. */
  #remembersMore(): boolean {
    return this.#both_until_ms !== null && performance.now() < this.#both_until_ms;
  }

  #decideAlone(request: RateRequest): RateDecision {
    const decision = this.#local.decide(this.#shares.of(request));
    return 'refused' in decision ? decision : { allowed: true, enforced: 'local_share' };
  }

  async #probe(): Promise<void> {
    try {
      await this.#redis.ping();
      this.#setShared();
    } catch (error) {
      this.#setAway(performance.now(), reasonOf(error));
    }
  }

  #setAway(now_ms: number, reason: string): void {
    this.#away_until_ms = now_ms + PAUSE_MS;
    this.#both_until_ms = Infinity;
    this.#become('local_share', reason);
  }

  /** Redis answers, and no longer knows what it counted: as after it was away, both must agree until nothing of before counts. */
  #forgotten(): void {
    const told = this.#remembersMore();
    this.#both_until_ms = performance.now() + this.#horizon_ms;
    if (told) return;
    this.#onChange?.(
      'shared',
      'Redis has lost its counters; until their windows have passed each server also keeps to its own share',
    );
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
