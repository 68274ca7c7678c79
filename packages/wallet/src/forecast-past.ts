import { gaussian } from './forecast-random.ts';

const DAY_MS = 86_400_000;
/** A day weighs half as much as one two weeks later: usage drifts. */
const HALF_LIFE_DAYS = 14;
/** What the level of the days to come differs from that of the days seen, beyond chance: found by back-testing. */
const DRIFT = 0.1;
/** Usage of most customers changes by no more than this a week (standard deviation of its logarithm): what a trend is drawn towards. */
const TREND_WEEK = 0.08;
const TREND_WEEK_MAX = 0.25;
const WEEKS_MIN = 3;

interface Seen {
  readonly credits: number;
  readonly weight: number;
  readonly age_days: number;
}

interface Kind {
  readonly days: readonly Seen[];
  readonly alias: readonly number[];
}

const TABLE = 1_000;

interface Trend {
  /** Change of the logarithm a week, and how far it may be off. */
  readonly slope: number;
  readonly off: number;
}

/** The days seen, and futures drawn from them. */
export class Past {
  readonly #now_ms: number;
  /** Working days and weekends. */
  readonly #kinds: readonly [Kind, Kind];
  readonly #trend: Trend;
  readonly #random: () => number;
  #drawn: [readonly Seen[], readonly Seen[]] = [[], []];
  #slope = 0;
  #level = 1;

  /** `spent` are whole days, the last one yesterday. */
  constructor(spent: readonly number[], now_ms: number, random: () => number) {
    this.#random = random;
    this.#now_ms = now_ms;
    const days = spent.map((credits, index) => {
      const age_days = spent.length - index;
      return { credits, age_days, weight: 0.5 ** (age_days / HALF_LIFE_DAYS), weekend: isWeekend(now_ms - age_days * DAY_MS) };
    });
    const [working, weekend] = [days.filter((day) => !day.weekend), days.filter((day) => day.weekend)];
    // Two days of a kind say nothing about it.
    const kinds = working.length < 3 || weekend.length < 3 ? ([days, days] as const) : ([working, weekend] as const);
    this.#kinds = [kindOf(kinds[0]), kindOf(kinds[1])];
    this.#trend = trendOf(spent, kinds);
  }

  /** Begins another future: from another past, on a trend and a level of its own. */
  redraw(): void {
    this.#drawn = [this.#redrawn(this.#kinds[0]), this.#redrawn(this.#kinds[1])];
    const slope = this.#trend.slope + this.#trend.off * gaussian(this.#random);
    this.#slope = Math.max(-TREND_WEEK_MAX, Math.min(TREND_WEEK_MAX, slope));
    this.#level = Math.exp(DRIFT * gaussian(this.#random));
  }

  /** What is spent on a day to come: a day of its kind, moved along the trend. */
  draw(day_ms: number): number {
    const kind = this.#drawn[isWeekend(day_ms) ? 1 : 0];
    const day = kind[Math.floor(this.#random() * kind.length)];
    if (day === undefined || day.credits === 0) return 0;
    const weeks = (day.age_days + (day_ms - this.#now_ms) / DAY_MS) / 7;
    return this.#level * day.credits * Math.exp(this.#slope * weeks);
  }

  #redrawn({ days, alias }: Kind): readonly Seen[] {
    return days.map((one) => days[alias[Math.floor(this.#random() * alias.length)] ?? 0] ?? one);
  }
}

/** A table in which each day stands as often as it weighs, so that one is drawn at once. */
function kindOf(days: readonly Seen[]): Kind {
  const whole = sum(days.map(({ weight }) => weight));
  const alias = days.flatMap(({ weight }, index) =>
    Array.from({ length: Math.max(1, Math.round((weight / whole) * TABLE)) }, () => index),
  );
  return { days, alias };
}

/**
 * The slope of the logarithms of whole weeks, drawn towards none by as much as chance alone could have made it (a normal prior on the
 * slope, and the variance of a week that the days within it show).
 */
function trendOf(spent: readonly number[], [working, weekend]: readonly [readonly Seen[], readonly Seen[]]): Trend {
  const weeks = Math.floor(spent.length / 7);
  const totals = Array.from({ length: weeks }, (_, week) =>
    sum(spent.slice(spent.length - 7 * (week + 1), spent.length - 7 * week)),
  );
  if (weeks < WEEKS_MIN || totals.includes(0)) return { slope: 0, off: TREND_WEEK };
  const middle = (weeks - 1) / 2;
  const spread = sum(totals.map((_, week) => (week - middle) ** 2));
  const seen = sum(totals.map((total, week) => (middle - week) * Math.log(total))) / spread;
  const mean = sum(totals) / weeks;
  const chance = (5 * variance(working) + 2 * variance(weekend)) / mean ** 2 / spread;
  const share = TREND_WEEK ** 2 / (TREND_WEEK ** 2 + chance);
  return { slope: share * seen, off: Math.sqrt(share * chance) };
}

function sum(values: readonly number[]): number {
  return values.reduce((whole, value) => whole + value, 0);
}

function variance(days: readonly Seen[]): number {
  const mean = sum(days.map(({ credits }) => credits)) / days.length;
  return sum(days.map(({ credits }) => (credits - mean) ** 2)) / Math.max(1, days.length - 1);
}

/** The epoch was a Thursday. */
function isWeekend(at_ms: number): boolean {
  const day = (Math.floor(at_ms / DAY_MS) + 4) % 7;
  return day === 0 || day === 6;
}
