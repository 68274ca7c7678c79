import { Past } from './forecast-past.ts';
import { generator } from './forecast-random.ts';

/** What the forecast is made of: what there is, and what was spent on each of the last days. */
export interface ForecastQuestion {
  readonly now: Temporal.Instant;
  /** In burn order. */
  readonly grants: readonly { readonly available: bigint; readonly expires_at: Temporal.Instant | null }[];
  /** Credits of whole UTC days before today, the last one yesterday; days without any use are zero. */
  readonly spent_by_day: readonly number[];
  /** When credits are granted again; null: nobody knows. */
  readonly refresh_at: Temporal.Instant | null;
}

/** `out`: most likely before the next refresh. `lasts`: most likely not. `unknown`: too little was seen. */
export interface ExhaustionForecast {
  readonly outlook: 'out' | 'lasts' | 'exhausted' | 'unknown';
  /** The median of the futures that were drawn; null: not before the refresh. */
  readonly exhausted_at: Temporal.Instant | null;
  /** Four futures of five lie between these; `latest` null: that end lies behind the refresh. */
  readonly earliest: Temporal.Instant | null;
  readonly latest: Temporal.Instant | null;
  readonly text: string;
}

const DAY_MS = 86_400_000;
const DAYS_READ_MAX = 28;
const DAYS_READ_MIN = 3;
/** Where no refresh is known, nobody looks further. */
const HORIZON_DAYS = 90;
const FUTURES = 240;
const [LOW, MIDDLE, HIGH] = [0.1, 0.5, 0.9];

/**
 * When the credits run out. Method: 240 futures are drawn, each day from the last 28 (working days from working days, weekends from
 * weekends, younger ones likelier), each future from a redrawn past, at a level and on a trend of its own (around the trend of the
 * weeks seen, which is trusted as far as chance cannot explain it), so that little history gives a wide interval; grants burn and expire on the way. The answer is the median, the interval holds the middle four fifths. The draw is
 * seeded by the question, so the same question has the same answer.
 */
export function forecastExhaustion(question: ForecastQuestion): ExhaustionForecast {
  const { now, grants, refresh_at } = question;
  const spent = question.spent_by_day.slice(-DAYS_READ_MAX);
  const available = grants.reduce((sum, grant) => sum + grant.available, 0n);
  if (available <= 0n) return { outlook: 'exhausted', ...NEVER, exhausted_at: now, text: 'The credits are used up.' };
  if (spent.length < DAYS_READ_MIN)
    return { outlook: 'unknown', ...NEVER, text: `A forecast is available after ${DAYS_READ_MIN} days of use.` };
  if (spent.every((credits) => credits === 0))
    return { outlook: 'lasts', ...NEVER, text: 'No credits were spent in the last four weeks.' };

  const start = now.epochMilliseconds;
  const end = refresh_at?.epochMilliseconds ?? start + HORIZON_DAYS * DAY_MS;
  const days = daysUntil(start, end);
  const random = generator(
    spent.reduce((seed, credits) => (seed * 31 + Math.round(credits)) | 0, Number(available % 2_147_483_647n)),
  );
  const past = new Past(spent, start, random);
  const ends: number[] = [];
  for (let future = 0; future < FUTURES; future++) {
    past.redraw();
    ends.push(runOut(grants, days, (day) => past.draw(day)));
  }
  ends.sort((one, other) => one - other);
  const at = (share: number): Temporal.Instant | null => {
    const when = ends[Math.floor(share * (FUTURES - 1))] as number;
    return when === Infinity ? null : Temporal.Instant.fromEpochMilliseconds(Math.round(when));
  };
  const [earliest, exhausted_at, latest] = [at(LOW), at(MIDDLE), at(HIGH)];
  const outlook = exhausted_at === null ? 'lasts' : 'out';
  return { outlook, exhausted_at, earliest, latest, text: textOf({ exhausted_at, earliest, latest }, now, refresh_at) };
}

const NEVER = { exhausted_at: null, earliest: null, latest: null } as const;

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** From now to the end, cut at midnights. */
function daysUntil(start: number, end: number): Stretch[] {
  const days: Stretch[] = [];
  for (let from = start; from < end;) {
    const to = Math.min(end, (Math.floor(from / DAY_MS) + 1) * DAY_MS);
    days.push({ from, to });
    from = to;
  }
  return days;
}

/** When one future exhausts the grants, in milliseconds; Infinity: not within its days. Within a day use is even. */
function runOut(grants: ForecastQuestion['grants'], days: readonly Stretch[], spentOn: (day: number) => number): number {
  const left = grants.map(({ available, expires_at }) => ({
    credits: Number(available),
    until: expires_at?.epochMilliseconds ?? Infinity,
  }));
  for (const { from, to } of days) {
    const per_ms = spentOn(from) / DAY_MS;
    let at = from;
    while (at < to) {
      const grant = left.find(({ credits, until }) => credits > 0 && until > at);
      if (grant === undefined) return at;
      const lasts = per_ms === 0 ? Infinity : grant.credits / per_ms;
      const stretch = Math.min(to, grant.until) - at;
      grant.credits = lasts <= stretch ? 0 : grant.credits - per_ms * stretch;
      at += Math.min(lasts, stretch);
    }
  }
  return left.some(({ credits, until }) => credits > 0 && until > (days.at(-1)?.to ?? 0)) ? Infinity : (days.at(-1)?.to ?? 0);
}

function textOf(
  { exhausted_at, earliest, latest }: Pick<ExhaustionForecast, 'exhausted_at' | 'earliest' | 'latest'>,
  now: Temporal.Instant,
  refresh_at: Temporal.Instant | null,
): string {
  const days = (at: Temporal.Instant): number => Math.round((at.epochMilliseconds - now.epochMilliseconds) / DAY_MS);
  const beyond = refresh_at === null ? `in the next ${HORIZON_DAYS} days` : 'before they are refreshed';
  if (exhausted_at === null) {
    const may = earliest === null ? '' : `, though they may run out in ${inDays(days(earliest))}`;
    return `At this pace the credits do not run out ${beyond}${may}.`;
  }
  const out = inDays(days(exhausted_at));
  const first = earliest ? days(earliest) : 0;
  if (latest === null)
    return `At this pace the credits run out in ${out}, at the earliest in ${inDays(first)}, perhaps not ${beyond}.`;
  if (first === days(latest)) return `At this pace the credits run out in ${out}.`;
  return `At this pace the credits run out in ${out}, between ${first} and ${days(latest)}.`;
}

function inDays(days: number): string {
  return days < 1 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`;
}
