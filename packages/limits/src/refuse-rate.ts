import { type Refusal, refuse } from '@purser/core';

import type { BlockRule, RateRule, RateSubject } from './rate.ts';
import type { Wait } from './sliding.ts';

const US_PER_SECOND = 1_000_000;

export function refuseRate({ us, subject, rule }: Wait): Refusal {
  const retryAfterSeconds = Math.max(1, Math.ceil(us / US_PER_SECOND));
  const detail =
    rule.kind === 'block'
      ? `${who(subject)} sent ${rule.failures_max} invalid requests within ${seconds(rule.span_ms)} and may try again in ${retryAfterSeconds} s; correct the request before that`
      : `${who(subject)} may make ${limit(rule)}; the next one is possible in ${retryAfterSeconds} s`;
  const refusal = refuse(rule.code, detail, { retryAfterSeconds });
  blamed.set(refusal, subject.name);
  return refusal;
}

const blamed = new WeakMap<Refusal, string>();

/** The name of the subject whose limit refused; undefined where no limit did. */
export function refusedSubject(refusal: Refusal): string | undefined {
  return blamed.get(refusal);
}

export function refuseBlocked(subject: RateSubject, block: BlockRule, wait_ms: number): Refusal {
  return refuseRate({ us: wait_ms * 1_000, subject, rule: block });
}

function who(subject: RateSubject): string {
  return subject.name.startsWith('user:') ? 'this user' : 'this workspace';
}

function limit(rule: RateRule): string {
  if (rule.kind === 'window') return `${rule.count_max} requests in ${seconds(rule.window_ms)}`;
  if (rule.code === 'min_gap') return `one request every ${seconds(rule.per_ms)}`;
  return `${rule.count} requests in ${seconds(rule.per_ms)} and ${rule.burst} at once`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
