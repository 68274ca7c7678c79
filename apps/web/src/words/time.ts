const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Milliseconds since 1970 of an RFC 3339 time. */
export function instantMs(iso: string): number {
  return Date.parse(iso);
}

function spell(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** A length of time in its largest fitting unit: "40 seconds", "3 minutes", "12 days". */
export function durationWords(duration_ms: number): string {
  const ms = Math.max(0, duration_ms);
  if (ms < MINUTE_MS) return spell(Math.ceil(ms / SECOND_MS), 'second');
  if (ms < HOUR_MS) return spell(Math.round(ms / MINUTE_MS), 'minute');
  if (ms < 2 * DAY_MS) return spell(Math.round(ms / HOUR_MS), 'hour');
  return spell(Math.round(ms / DAY_MS), 'day');
}

/** How long a call took: "0.4 s", "12 s". */
export function tookWords(duration_ms: number): string {
  const seconds = duration_ms / SECOND_MS;
  return seconds < 0.1 ? `${Math.round(duration_ms)} ms` : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** "just now", "3 minutes ago"; a time ahead of this machine's clock counts as now. */
export function agoWords(iso: string, now_ms: number): string {
  const ms = now_ms - instantMs(iso);
  return ms < 5 * SECOND_MS ? 'just now' : `${durationWords(ms)} ago`;
}

/** "in 9 days", "in 40 seconds", "now". */
export function untilWords(iso: string, now_ms: number): string {
  const ms = instantMs(iso) - now_ms;
  return ms <= 0 ? 'now' : `in ${durationWords(ms)}`;
}

/** "1 Dec", with the year when it is another one. */
export function dayWords(iso: string, now_ms: number, time_zone?: string): string {
  const zone = time_zone === undefined ? {} : { timeZone: time_zone };
  const at_ms = instantMs(iso);
  const year = new Intl.DateTimeFormat('en-GB', { year: 'numeric', ...zone });
  const other_year = year.format(at_ms) !== year.format(now_ms);
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(other_year ? { year: 'numeric' } : {}),
    ...zone,
  }).format(at_ms);
}

/** "21 Nov, 12:39:05" in the reader's own zone. */
export function momentWords(iso: string, time_zone?: string): string {
  const zone = time_zone === undefined ? {} : { timeZone: time_zone };
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zone,
  }).format(instantMs(iso));
}

/** The first moment (UTC) of the month that `months` lies from the one of `now_ms`, as RFC 3339: what the books ask for. */
export function monthStart(now_ms: number, months: number): string {
  const [year = 1970, month = 1] = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', timeZone: 'UTC' })
    .format(now_ms)
    .split('-')
    .map(Number);
  const index = year * 12 + (month - 1) + months;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01T00:00:00Z`;
}
