import { unreachable } from '@purser/base';

import type { BlockRule, BucketRule, RateRule, RateSubject, WindowRule } from './rate.ts';

// The same arithmetic as sliding.lua, number for number: whole microseconds and whole units, all below 2⁵³.

/** A window is counted in this many slots (and the one it is in), so a subject's memory is bounded whatever its limit. */
export const SLOTS = 60;
/**
 * Servers whose clocks differ by less agree on the later one, so nobody gains by it.
 * A clock that falls back by more has been set: the counts are then kept, as of the new time.
 */
export const SKEW_US_MAX = 60_000_000;

export interface SubjectState {
  at_us: number;
  /** By rule: how much of the bucket is taken, a call being `per_us` units; `count` units drain every microsecond. */
  readonly taken: Map<string, number>;
  readonly windows: Map<string, WindowState>;
}

interface WindowState {
  sum: number;
  /** Slots with calls in them, oldest first. */
  slots: { readonly slot: number; count: number }[];
}

/** Why a call must wait, and how long. */
export interface Wait {
  readonly us: number;
  readonly subject: RateSubject;
  readonly rule: RateRule | BlockRule;
}

export function freshState(now_us: number): SubjectState {
  return { at_us: now_us, taken: new Map(), windows: new Map() };
}

/**
 * Brings a subject to the present: buckets drain, slots that have gone by are forgotten. Returns the time that holds for it, never behind
 * what it has seen; a clock that was set back starts it anew from there, with everything it had counted still counting.
 */
export function advance(state: SubjectState, rules: readonly RateRule[], now_us: number): number {
  const rewound = state.at_us - now_us > SKEW_US_MAX;
  const last_us = rewound ? now_us : state.at_us;
  const t_us = Math.max(now_us, last_us);
  for (const rule of rules) {
    const key = keyOf(rule);
    const taken = state.taken.get(key);
    const window = state.windows.get(key);
    if (rule.kind === 'bucket' && taken !== undefined) state.taken.set(key, Math.max(0, taken - (t_us - last_us) * rule.count));
    if (rule.kind === 'window' && window && rewound) window.slots = [{ slot: slotAt(rule, t_us), count: window.sum }];
    else if (rule.kind === 'window' && window) forget(window, slotAt(rule, t_us) - SLOTS);
  }
  state.at_us = t_us;
  return t_us;
}

function forget(window: WindowState, before: number): void {
  for (let first = window.slots[0]; first && first.slot < before; first = window.slots[0]) {
    window.sum -= first.count;
    window.slots.shift();
  }
}

/** Microseconds until the rule lets one more call pass, for a subject that has been brought to `t_us`; 0: now. */
export function waitFor(state: SubjectState, rule: RateRule, t_us: number): number {
  switch (rule.kind) {
    case 'bucket': {
      const over = (state.taken.get(keyOf(rule)) ?? 0) + costOf(rule) - rule.burst * costOf(rule);
      return over > 0 ? Math.ceil(over / rule.count) : 0;
    }
    case 'window': {
      const window = state.windows.get(keyOf(rule));
      let surplus = (window?.sum ?? 0) + 1 - rule.count_max;
      if (surplus <= 0) return 0;
      for (const { slot, count } of window?.slots ?? []) {
        surplus -= count;
        if (surplus <= 0) return (slot + SLOTS + 1) * slotLength(rule) - t_us;
      }
      return (SLOTS + 1) * slotLength(rule);
    }
    default:
      return unreachable(rule);
  }
}

/** Counts one call against every rule of a subject that has been brought to `t_us`. */
export function countCall(state: SubjectState, rules: readonly RateRule[], t_us: number): void {
  for (const rule of rules) {
    if (rule.kind === 'bucket') state.taken.set(keyOf(rule), (state.taken.get(keyOf(rule)) ?? 0) + costOf(rule));
    else countInWindow(state, rule, t_us);
  }
}

function countInWindow(state: SubjectState, rule: WindowRule, t_us: number, calls = 1): void {
  let window = state.windows.get(keyOf(rule));
  if (window === undefined) state.windows.set(keyOf(rule), (window = { sum: 0, slots: [] }));
  const newest = slotAt(rule, t_us);
  const last = window.slots.at(-1);
  if (last?.slot === newest) last.count += calls;
  else window.slots.push({ slot: newest, count: calls });
  window.sum += calls;
}

/** Takes back a call that was counted a moment ago. */
export function uncountCall(state: SubjectState, rules: readonly RateRule[]): void {
  for (const rule of rules) {
    const key = keyOf(rule);
    if (rule.kind === 'bucket') {
      state.taken.set(key, Math.max(0, (state.taken.get(key) ?? 0) - costOf(rule)));
      continue;
    }
    const window = state.windows.get(key);
    const last = window?.slots.at(-1);
    if (!window || !last) continue;
    last.count -= 1;
    window.sum -= 1;
    if (last.count === 0) window.slots.pop();
  }
}

/** Has a window count at least so many calls: those that are missing count as if made now. */
export function countAtLeast(state: SubjectState, rule: WindowRule, calls: number, t_us: number): void {
  const missing = calls - (state.windows.get(keyOf(rule))?.sum ?? 0);
  if (missing > 0) countInWindow(state, rule, t_us, missing);
}

/** After so long without a call nothing of it counts any more. */
export function horizonUs(rules: readonly RateRule[]): number {
  let longest = 0;
  for (const rule of rules) {
    const horizon = rule.kind === 'bucket' ? Math.ceil((rule.burst * costOf(rule)) / rule.count) : (SLOTS + 1) * slotLength(rule);
    longest = Math.max(longest, horizon);
  }
  return longest;
}

/** A call's units in its bucket. */
export function costOf(rule: BucketRule): number {
  return rule.per_ms * 1_000;
}

/** In microseconds; the slots cover the window, or a little more. */
export function slotLength(rule: WindowRule): number {
  return Math.ceil((rule.window_ms * 1_000) / SLOTS);
}

const keys = new WeakMap<RateRule, string>();

/** What a count is kept under: another length of time is another count, another number goes on with the same. */
export function keyOf(rule: RateRule): string {
  const known = keys.get(rule);
  if (known !== undefined) return known;
  const key = rule.kind === 'bucket' ? `${rule.name}/${rule.per_ms}` : `${rule.name}/${rule.window_ms}`;
  keys.set(rule, key);
  return key;
}

function slotAt(rule: WindowRule, t_us: number): number {
  return Math.floor(t_us / slotLength(rule));
}
