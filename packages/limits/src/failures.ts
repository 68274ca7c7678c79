import type { BlockRule } from './rate.ts';
import { SKEW_US_MAX } from './sliding.ts';

// The same arithmetic as failure.lua, in whole milliseconds below 2⁵³.

export const SKEW_MS_MAX = SKEW_US_MAX / 1_000;

/** What a subject has on its account: fewer failures than are too many, oldest first. */
export interface FailureState {
  at_ms: number;
  times_ms: number[];
  until_ms: number;
}

/** The time that holds for the subject. A clock that was set back keeps nobody out for longer than a block lasts. */
function bring(state: FailureState, { block_ms }: BlockRule, now_ms: number): number {
  if (state.at_ms - now_ms > SKEW_MS_MAX) {
    state.at_ms = now_ms;
    state.times_ms = state.times_ms.map((time_ms) => Math.min(time_ms, now_ms));
    state.until_ms = Math.min(state.until_ms, now_ms + block_ms);
  }
  return Math.max(now_ms, state.at_ms);
}

/** How long the subject is kept out from `now_ms` on; 0: it may come in. */
export function blockedFor(state: FailureState, rule: BlockRule, now_ms: number): number {
  if (state.until_ms === 0) return 0;
  const t_ms = bring(state, rule, now_ms);
  const left_ms = Math.min(state.until_ms - t_ms, rule.block_ms);
  return left_ms > 0 ? left_ms + t_ms - now_ms : 0;
}

/** Counts a failure of a subject that is not kept out. */
export function countFailure(state: FailureState, rule: BlockRule, now_ms: number): void {
  const { failures_max, span_ms, block_ms } = rule;
  const t_ms = bring(state, rule, now_ms);
  const times_ms = state.times_ms.filter((time_ms) => t_ms - time_ms < span_ms);
  times_ms.push(t_ms);
  const full = times_ms.length >= failures_max;
  state.at_ms = t_ms;
  state.times_ms = full ? [] : times_ms;
  state.until_ms = full ? t_ms + block_ms : 0;
}
