import type { Refusal, RefusalCode } from '@purser/core';

/**
 * A steady rate with room for a burst: `count` calls per `per_ms`, of which at most `burst` at once.
 * Sliding by nature: room comes back continuously, never at the turn of a clock. `burst` 1 is a minimum gap.
 */
export interface BucketRule {
  readonly kind: 'bucket';
  /** Unique within its subject, and the same from plan to plan, so that a changed plan goes on from what was counted. */
  readonly name: string;
  readonly count: number;
  readonly per_ms: number;
  readonly burst: number;
  readonly code: Extract<RefusalCode, 'rate_limited' | 'min_gap'>;
}

/** At most `count_max` calls in any span of `window_ms`. A call leaves the count at the latest `window_ms / 60` after its window. */
export interface WindowRule {
  readonly kind: 'window';
  readonly name: string;
  readonly count_max: number;
  readonly window_ms: number;
  readonly code: 'rate_limited';
}

export type RateRule = BucketRule | WindowRule;

/** Who fails `failures_max` times in any span of `span_ms` is kept out for `block_ms`, and begins anew after it. */
export interface BlockRule {
  readonly kind: 'block';
  readonly failures_max: number;
  readonly span_ms: number;
  readonly block_ms: number;
  readonly code: 'temporarily_blocked';
}

const MINUTE_MS = 60_000;

/** Someone who is limited: the workspace, or one of its users. */
export interface RateSubject {
  /** `workspace`, `user:<name>`; unique within the scope. */
  readonly name: string;
  readonly rules: readonly RateRule[];
  readonly block?: BlockRule;
}

/** One failure of a subject. */
export interface FailureRequest {
  readonly scope: string;
  readonly subject: RateSubject & { readonly block: BlockRule };
  readonly now: Temporal.Instant;
}

/** One call to be counted against all its subjects, or against none. */
export interface RateRequest {
  /** The workspace: its subjects are decided together and live together. */
  readonly scope: string;
  readonly subjects: readonly RateSubject[];
  readonly now: Temporal.Instant;
}

export interface RateAllowed {
  readonly allowed: true;
  /** `local_share`: the shared store is away, and this server holds itself to its safe share of every limit. */
  readonly enforced: 'shared' | 'local' | 'local_share';
}

export type RateDecision = RateAllowed | Refusal;

/** What is left of a rate, to be told before it is used up. */
export interface RateHeadroom {
  /** Calls in any span of the window. */
  readonly limit: number;
  readonly remaining: number;
  /** After so long without a call all of it is there again. */
  readonly reset_ms: number;
}

export interface RateLimiter {
  /**
   * Counts the call, or refuses it (`rate_limited`, `min_gap` or `temporarily_blocked`, with `retryAfterSeconds`) and counts nothing.
   * Never opens because a store is away.
   */
  decide(request: RateRequest): RateDecision | Promise<RateDecision>;
  /** Counts a failure. The refusal, when the subject was kept out already: then nothing is counted. */
  fail(request: FailureRequest): Refusal | undefined | Promise<Refusal | undefined>;
  /**
   * What a subject's window leaves, as far as it is known here after the last call that was counted; a bucket's burst comes and goes within
   * a second and is not told. Undefined where nothing is limited by a window. Asks no store and counts nothing.
   */
  headroom(request: {
    readonly scope: string;
    readonly subject: RateSubject;
    readonly now: Temporal.Instant;
  }): RateHeadroom | undefined;
  /** How limits are enforced at this moment, for health and metrics. */
  readonly enforced: RateAllowed['enforced'];
  close(): Promise<void>;
}

type PlanRate = { readonly rps: number; readonly rpm: number; readonly burst: number };
type AbuseRate = { readonly requests_minute: number; readonly gap_ms: number };
type AbuseBlock = { readonly failures_block: number; readonly failures_seconds: number; readonly block_seconds: number };

const rulesOfPlans = new WeakMap<PlanRate, readonly RateRule[]>();
const rulesOfAbuse = new WeakMap<AbuseRate, readonly RateRule[]>();
const blocksOfAbuse = new WeakMap<AbuseBlock, BlockRule>();

/** The rules of a plan's `rate`: `rps` sustained with `burst` at once, and never more than `rpm` in any minute (T5). The same object gets the same rules. */
export function planRules(rate: PlanRate): readonly RateRule[] {
  let rules = rulesOfPlans.get(rate);
  if (rules === undefined) {
    rules = [
      { kind: 'bucket', name: 'rps', count: rate.rps, per_ms: 1_000, burst: rate.burst, code: 'rate_limited' },
      { kind: 'window', name: 'rpm', count_max: rate.rpm, window_ms: MINUTE_MS, code: 'rate_limited' },
    ];
    rulesOfPlans.set(rate, rules);
  }
  return rules;
}

/** The rules of abuse prevention for one user: at most `requests_minute` in any minute, `gap_ms` apart (C4). The same object gets the same rules. */
export function abuseRules(abuse: AbuseRate): readonly RateRule[] {
  let rules = rulesOfAbuse.get(abuse);
  if (rules === undefined) {
    const minute: RateRule = {
      kind: 'window',
      name: 'minute',
      count_max: abuse.requests_minute,
      window_ms: MINUTE_MS,
      code: 'rate_limited',
    };
    const gap: RateRule = { kind: 'bucket', name: 'gap', count: 1, per_ms: abuse.gap_ms, burst: 1, code: 'min_gap' };
    rules = abuse.gap_ms > 0 ? [gap, minute] : [minute];
    rulesOfAbuse.set(abuse, rules);
  }
  return rules;
}

/** Who fails too often is kept out for a while (C4). The same object gets the same rule. */
export function blockRule(abuse: AbuseBlock): BlockRule {
  let rule = blocksOfAbuse.get(abuse);
  if (rule === undefined) {
    rule = {
      kind: 'block',
      failures_max: abuse.failures_block,
      span_ms: abuse.failures_seconds * 1_000,
      block_ms: abuse.block_seconds * 1_000,
      code: 'temporarily_blocked',
    };
    blocksOfAbuse.set(abuse, rule);
  }
  return rule;
}
