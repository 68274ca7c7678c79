import { expect, test } from 'vitest';

import { forecastExhaustion } from './forecast.ts';

/* C12: the forecast, tried on customers whose future is known because it was simulated. Prints its error; see bench/RESULTS.md. */

const CUSTOMERS = 400;
const HISTORY = 28;
const FUTURE = 31;
const DAY_MS = 86_400_000;
const MONDAY_MS = Date.UTC(2026, 10, 2);

let state = 7;
/** Another generator than the forecast's own. */
function random(): number {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return state / 2_147_483_648;
}
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const around = (mean: number, spread: number): number => mean * Math.exp(spread * normal() - (spread * spread) / 2);
const isWeekend = (day: number): boolean => day % 7 >= 5;

/** What a customer of that kind spends on its day number `day`, day 0 a Monday. */
const KINDS: Record<string, (mean: number) => (day: number) => number> = {
  steady: (mean) => () => around(mean, 0.3),
  office: (mean) => (day) => (isWeekend(day) ? around(mean * 0.05, 0.5) : around(mean, 0.4)),
  bursty: (mean) => () => (random() < 0.35 ? around(mean * 3, 0.8) : 0),
  campaigns: (mean) => () => around(random() < 0.06 ? mean * 8 : mean, 0.3),
  'growing 2 % a day': (mean) => (day) => around(mean * 1.02 ** (day - HISTORY), 0.3),
  'fading 2 % a day': (mean) => (day) => around(mean * 0.98 ** (day - HISTORY), 0.3),
};

interface Tried {
  /** In days; absent where forecast or customer did not run out within the horizon. */
  readonly error?: number;
  readonly straight?: number;
  readonly within: boolean;
  readonly right: boolean;
}

function tryOne(kind: (mean: number) => (day: number) => number, history: number): Tried {
  const spentOn = kind(20 + random() * 200);
  const first = HISTORY - history;
  const past = Array.from({ length: history }, (_, day) => Math.round(spentOn(first + day)));
  const future = Array.from({ length: FUTURE }, (_, day) => Math.round(spentOn(HISTORY + day)));
  // The balance that runs out on a day drawn beforehand; some beyond the horizon.
  const goal = 1 + random() * 35;
  let balance = future.slice(0, Math.floor(goal)).reduce((sum, credits) => sum + credits, 0);
  balance = Math.max(
    1,
    goal > FUTURE ? Math.round(balance * 1.2) : balance + Math.round((future[Math.floor(goal)] ?? 0) * (goal % 1)),
  );

  let left = balance;
  let actual = Infinity;
  for (const [day, credits] of future.entries()) {
    if (credits >= left) {
      actual = day + left / credits;
      break;
    }
    left -= credits;
  }
  const now = Temporal.Instant.fromEpochMilliseconds(MONDAY_MS + HISTORY * DAY_MS);
  const forecast = forecastExhaustion({
    now,
    grants: [{ available: BigInt(balance), expires_at: null }],
    spent_by_day: past,
    refresh_at: now.add({ hours: 24 * FUTURE }),
  });
  const inDays = (at: Temporal.Instant | null): number =>
    at === null ? Infinity : (at.epochMilliseconds - now.epochMilliseconds) / DAY_MS;
  const pace = past.reduce((sum, credits) => sum + credits, 0) / history;
  const line = pace === 0 || balance / pace > FUTURE ? Infinity : balance / pace;
  const median = inDays(forecast.exhausted_at);
  const error = Math.abs(median - actual);
  const straight = Math.abs(line - actual);
  return {
    ...(Number.isFinite(error) && Number.isFinite(straight) && { error, straight }),
    within: actual >= inDays(forecast.earliest) && (actual <= inDays(forecast.latest) || forecast.latest === null),
    right: Number.isFinite(median) === Number.isFinite(actual),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function summary(name: string, tried: readonly Tried[]) {
  const errors = tried.flatMap(({ error }) => (error === undefined ? [] : [error])).toSorted((one, other) => one - other);
  return {
    customers: name,
    mean_error_days: mean(errors),
    median_error_days: errors[Math.floor(errors.length / 2)] ?? 0,
    straight_line_mean_error_days: mean(tried.flatMap(({ straight }) => (straight === undefined ? [] : [straight]))),
    within_interval: mean(tried.map(({ within }) => Number(within))),
    right_about_running_out: mean(tried.map(({ right }) => Number(right))),
  };
}

test('C12: the forecast’s interval holds about four of five simulated customers, and its median errs less than a straight line', () => {
  const all: Tried[] = [];
  const rows = Object.entries(KINDS).map(([name, kind]) => {
    const tried = Array.from({ length: CUSTOMERS }, () => tryOne(kind, HISTORY));
    all.push(...tried);
    return summary(name, tried);
  });
  const short = Object.values(KINDS).flatMap((kind) => Array.from({ length: CUSTOMERS / 4 }, () => tryOne(kind, 7)));
  const whole = summary('all', all);
  const table = [...rows, whole, summary('all, after one week', short)].map((row) =>
    Object.values(row)
      .map((value) => (typeof value === 'string' ? value.padEnd(20) : value.toFixed(2).padStart(8)))
      .join(' '),
  );
  process.stdout.write(`${'customers'.padEnd(20)}     mean   median straight   within    right\n${table.join('\n')}\n`);
  expect(whole.within_interval).toBeGreaterThan(0.74);
  expect(whole.within_interval).toBeLessThan(0.9);
  expect(whole.mean_error_days).toBeLessThan(whole.straight_line_mean_error_days);
  expect(whole.right_about_running_out).toBeGreaterThan(0.85);
});
