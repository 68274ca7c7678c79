import { unreachable } from '@purser/core';

import type { BlockRule, BucketRule, RateRule, RateSubject, WindowRule } from './rate.ts';

// The same arithmetic as sliding.lua, number for number: whole microseconds and whole units, all below 2⁵³.

/** A window is counted in this many slots (and the one it is in), so a subject's memory is bounded whatever its limit. */
export const SLOTS = 60;
/**
 * Servers whose clocks differ by less agree on the later one, so nobody gains by it.
 * A clock that falls back by more has been set: the counts are then kept, as of the new time.
 */
export const SKEW_US_MAX = 60_000_000;

/** Of a bucket: how much of it was taken at `at_us`, a call being `per_us` units; `count` units drain every microsecond. */
interface BucketState {
  at_us: number;
  taken: number;
}

interface WindowState {
  at_us: number;
  /** Of all slots. */
  sum: number;
  /** Slots with calls in them, oldest first: number, calls, number, calls … */
  slots: number[];
}

/** What was counted for a subject, rule by rule; undefined: nothing yet. A refused call changes nothing here. */
export interface SubjectState {
  rules: readonly RateRule[];
  states: (BucketState | WindowState | undefined)[];
}

/** Why a call must wait, and how long. */
export interface Wait {
  readonly us: number;
  readonly subject: RateSubject;
  readonly rule: RateRule | BlockRule;
}

export function freshState(rules: readonly RateRule[]): SubjectState {
  return { rules, states: rules.map(() => undefined) };
}

/** Rules of another plan go on from what was counted if they differ in their numbers alone; else they count anew. */
export function adopt(subject: SubjectState, rules: readonly RateRule[]): void {
  if (subject.rules === rules) return;
  const { rules: known } = subject;
  const same = known.length === rules.length && rules.every((rule, index) => known[index] && keyOf(known[index]) === keyOf(rule));
  if (!same) subject.states = rules.map(() => undefined);
  subject.rules = rules;
}

/** Microseconds from `now_us` until the rule at that place lets one more call pass; 0: now. */
export function waitFor({ rules, states }: SubjectState, index: number, now_us: number): number {
  const rule = rules[index];
  const state = states[index];
  if (rule === undefined || state === undefined) return 0;
  const t_us = timeOf(state, rule, now_us);
  const wait =
    rule.kind === 'bucket' ? bucketWait(state as BucketState, rule, t_us) : windowWait(state as WindowState, rule, t_us);
  return wait === 0 ? 0 : wait + t_us - now_us;
}

/** Never behind what was counted; a clock that was set back begins anew from there, with everything that counted still counting. */
function timeOf(state: BucketState | WindowState, rule: RateRule, now_us: number): number {
  if (state.at_us - now_us > SKEW_US_MAX) {
    state.at_us = now_us;
    if (rule.kind === 'window') (state as WindowState).slots = [slotAt(rule, now_us), (state as WindowState).sum];
  }
  return Math.max(now_us, state.at_us);
}

function takenAt(state: BucketState, rule: BucketRule, t_us: number): number {
  return Math.max(0, state.taken - (t_us - state.at_us) * rule.count);
}

function bucketWait(state: BucketState, rule: BucketRule, t_us: number): number {
  const over = takenAt(state, rule, t_us) + costOf(rule) - rule.burst * costOf(rule);
  return over > 0 ? Math.ceil(over / rule.count) : 0;
}

function windowWait(state: WindowState, rule: WindowRule, t_us: number): number {
  // What has gone by makes it only less.
  if (state.sum < rule.count_max) return 0;
  const { slots } = state;
  const oldest = slotAt(rule, t_us) - SLOTS;
  let surplus = state.sum + 1 - rule.count_max;
  for (let at = 0; at < slots.length; at += 2) {
    const slot = slots[at] ?? 0;
    surplus -= slots[at + 1] ?? 0;
    if (surplus <= 0) return slot < oldest ? 0 : (slot + SLOTS + 1) * slotLength(rule) - t_us;
  }
  return (SLOTS + 1) * slotLength(rule);
}

/** The window of a subject, and how many calls count in it now; undefined: it has none. */
export function windowOf(
  rules: readonly RateRule[],
  state: SubjectState | undefined,
  now_us: number,
): { readonly rule: WindowRule; readonly calls: number } | undefined {
  const index = rules.findIndex(({ kind }) => kind === 'window');
  const rule = rules[index];
  if (rule?.kind !== 'window') return undefined;
  const window = state?.states[index] as WindowState | undefined;
  if (window === undefined) return { rule, calls: 0 };
  const oldest = slotAt(rule, timeOf(window, rule, now_us)) - SLOTS;
  let calls = 0;
  for (let at = 0; at < window.slots.length; at += 2) if ((window.slots[at] ?? 0) >= oldest) calls += window.slots[at + 1] ?? 0;
  return { rule, calls };
}

/** Counts one call against every rule. */
export function countCall({ rules, states }: SubjectState, now_us: number): void {
  for (let index = 0; index < rules.length; index += 1) {
    const rule = rules[index];
    if (rule === undefined) continue;
    const state = (states[index] ??= freshRuleState(rule, now_us));
    const t_us = timeOf(state, rule, now_us);
    if (rule.kind === 'bucket') countInBucket(state as BucketState, rule, t_us);
    else countInWindow(state as WindowState, rule, t_us, 1);
    state.at_us = t_us;
  }
}

function freshRuleState(rule: RateRule, now_us: number): BucketState | WindowState {
  return rule.kind === 'bucket' ? { at_us: now_us, taken: 0 } : { at_us: now_us, sum: 0, slots: [] };
}

function countInBucket(state: BucketState, rule: BucketRule, t_us: number): void {
  state.taken = takenAt(state, rule, t_us) + costOf(rule);
}

function countInWindow(state: WindowState, rule: WindowRule, t_us: number, calls: number): void {
  const { slots } = state;
  const newest = slotAt(rule, t_us);
  let gone = 0;
  while (gone < slots.length && (slots[gone] ?? 0) < newest - SLOTS) {
    state.sum -= slots[gone + 1] ?? 0;
    gone += 2;
  }
  if (gone > 0) slots.splice(0, gone);
  const last = slots.length - 2;
  if (slots[last] === newest) slots[last + 1] = (slots[last + 1] ?? 0) + calls;
  else slots.push(newest, calls);
  state.sum += calls;
}

/** Takes back a call that was counted a moment ago. */
export function uncountCall({ rules, states }: SubjectState): void {
  for (const [index, rule] of rules.entries()) {
    const state = states[index];
    if (state === undefined) continue;
    if (rule.kind === 'bucket') {
      const bucket = state as BucketState;
      bucket.taken = Math.max(0, bucket.taken - costOf(rule));
      continue;
    }
    const window = state as WindowState;
    const last = window.slots.length - 1;
    if (last < 0) continue;
    window.slots[last] = (window.slots[last] ?? 0) - 1;
    window.sum -= 1;
    if (window.slots[last] === 0) window.slots.length -= 2;
  }
}

/** Has a window that is known count at least so many calls: those that are missing count as if made when the last one was. */
export function countAtLeast({ rules, states }: SubjectState, index: number, calls: number): void {
  const rule = rules[index];
  const state = states[index];
  if (rule?.kind !== 'window' || state === undefined) return;
  const missing = calls - (state as WindowState).sum;
  if (missing > 0) countInWindow(state as WindowState, rule, state.at_us, missing);
}

const horizons = new WeakMap<readonly RateRule[], number>();

/** After so long without a call nothing of it counts any more. */
export function horizonUs(rules: readonly RateRule[]): number {
  let longest = horizons.get(rules);
  if (longest === undefined) horizons.set(rules, (longest = Math.max(0, ...rules.map(horizonOf))));
  return longest;
}

function horizonOf(rule: RateRule): number {
  switch (rule.kind) {
    case 'bucket':
      return Math.ceil((rule.burst * costOf(rule)) / rule.count);
    case 'window':
      return (SLOTS + 1) * slotLength(rule);
    default:
      return unreachable(rule);
  }
}

/** A call's units in its bucket. */
export function costOf(rule: BucketRule): number {
  return rule.per_ms * 1_000;
}

/** In microseconds; the slots cover the window, or a little more. */
export function slotLength(rule: WindowRule): number {
  return Math.ceil((rule.window_ms * 1_000) / SLOTS);
}

/** What a count is kept under: another length of time is another count, another number goes on with the same. */
export function keyOf(rule: RateRule): string {
  return rule.kind === 'bucket' ? `${rule.name}/${rule.per_ms}` : `${rule.name}/${rule.window_ms}`;
}

function slotAt(rule: WindowRule, t_us: number): number {
  return Math.floor(t_us / slotLength(rule));
}
