import { describe, expect, test } from 'vitest';

import { HISTORY_HOURS, unusualFrom } from './anomaly.ts';

/** A stream of numbers in [0, 1) that is the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WEEKS = 12;
const HOURS = WEEKS * 7 * 24;

interface Habit {
  readonly name: string;
  /** The chance that an hour of the week spends anything. */
  active(hour_of_week: number): number;
  /** How widely an hour's spend is spread: σ of its logarithm. */
  readonly sigma: number;
  /** How many times as much after a week as before it. */
  readonly weekly_growth: number;
  /** An hour's usual spend, as a part of the month's ceiling. */
  readonly typical: number;
}

const office = (hour: number): boolean => hour < 5 * 24 && hour % 24 >= 8 && hour % 24 < 18;
const HABITS: readonly Habit[] = [
  { name: 'light: a few hours a week', active: () => 0.03, sigma: 1, weekly_growth: 1, typical: 0.01 },
  { name: 'office hours', active: (hour) => (office(hour) ? 0.9 : 0.02), sigma: 0.6, weekly_growth: 1, typical: 0.004 },
  { name: 'round the clock', active: () => 1, sigma: 0.3, weekly_growth: 1, typical: 0.0013 },
  { name: 'heavy, with long tails', active: () => 0.6, sigma: 1.2, weekly_growth: 1, typical: 0.0015 },
  {
    name: 'growing by a tenth a week',
    active: (hour) => (office(hour) ? 0.95 : 0.1),
    sigma: 0.5,
    weekly_growth: 1.1,
    typical: 0.002,
  },
];
const SPIKES = [5, 10, 30] as const;
const FLOOR = 1 / 20;
/** Spend in whole thousandths of a millionth, as meters count: the ceiling is one. */
const SCALE = 1e9;

function spendOf(habit: Habit, draw: () => number): number[] {
  return Array.from({ length: HOURS }, (_, hour) => {
    if (draw() >= habit.active(hour % 168)) return 0;
    const normal = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
    return SCALE * habit.typical * habit.weekly_growth ** Math.floor(hour / 168) * Math.exp(habit.sigma * normal);
  });
}

interface Outcome {
  readonly habit: string;
  readonly false_a_month: number;
  /** Of hours that spent so many times their own spend, the part that was told; and of those above the floor. */
  readonly caught: Readonly<Record<number, string>>;
}

/** Goes through months of hours as the scan does, told at most once a day; then puts spikes where there were ordinary hours. */
function backTest(habit: Habit, workspaces: number): Outcome {
  let alarms = 0;
  const hit = new Map<number, [told: number, worth: number]>(SPIKES.map((times) => [times, [0, 0]]));
  for (let seed = 1; seed <= workspaces; seed++) {
    const hours = spendOf(habit, random(seed * 7919));
    let quiet_until = 0;
    for (let hour = 24; hour < HOURS; hour++) {
      const spent = hours[hour] ?? 0;
      if (spent === 0 || (spent < FLOOR * SCALE && hour % 97 !== 0)) continue;
      const limit = unusualFrom(hours.slice(Math.max(0, hour - HISTORY_HOURS), hour), FLOOR * SCALE);
      if (limit === undefined) continue;
      if (spent >= limit && hour >= quiet_until) {
        alarms++;
        quiet_until = hour + 24;
      }
      if (hour % 97 !== 0) continue;
      for (const times of SPIKES) {
        const counts = hit.get(times)!;
        if (spent * times < FLOOR * SCALE) continue;
        counts[1]++;
        if (spent * times >= limit) counts[0]++;
      }
    }
  }
  return {
    habit: habit.name,
    false_a_month: alarms / (workspaces * (WEEKS / 4.345)),
    caught: Object.fromEntries(
      [...hit].map(([times, [told, worth]]) => [times, worth === 0 ? '-' : `${Math.round((100 * told) / worth)} % of ${worth}`]),
    ),
  };
}

describe('S14: what counts as an unusual hour', () => {
  test('nothing is judged by less than a day of spend, and nothing below the floor is unusual', () => {
    expect(
      unusualFrom(
        Array.from({ length: 23 }, () => 10),
        5,
      ),
    ).toBeUndefined();
    expect(unusualFrom([...Array.from({ length: 500 }, () => 0), 10, 10], 5)).toBeUndefined();
    expect(
      unusualFrom(
        Array.from({ length: 24 }, () => 10),
        1_000,
      ),
    ).toBe(1_000);
  });

  test('perfectly regular spend has room for a factor of three', () => {
    expect(
      unusualFrom(
        Array.from({ length: 100 }, () => 10),
        0,
      ),
    ).toBeCloseTo(33.2, 1);
  });

  test('spikes in the past do not hide the next one', () => {
    const calm = Array.from({ length: 300 }, (_, hour) => 10 + (hour % 7));
    const troubled = calm.map((amount, hour) => (hour % 5 === 0 ? amount * 1_000 : amount));
    const [before = 0, after = 0] = [unusualFrom(calm, 0), unusualFrom(troubled, 0)];
    expect(after).toBeLessThan(before * 2);
  });

  test('back-tested on twelve weeks of simulated habits: less than one false alarm in ten workspace-months, thirtyfold hours are caught', () => {
    const outcomes = HABITS.map((habit) => backTest(habit, 60));
    console.table(
      outcomes.map(({ habit, false_a_month, caught }) => ({ habit, 'false a month': false_a_month.toFixed(3), ...caught })),
    );
    for (const { false_a_month } of outcomes) expect(false_a_month).toBeLessThan(0.1);
    const regular = outcomes.filter(({ habit }) => /office|clock|growing/.test(habit));
    for (const { caught } of regular) expect(Number.parseInt(caught[30] ?? '0', 10)).toBeGreaterThanOrEqual(80);
  });
});
