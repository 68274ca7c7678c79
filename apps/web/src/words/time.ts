import { dateFormat, numberFormat } from './locale.ts';
import { spokenLanguage, t } from './translate.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Milliseconds since 1970 of an RFC 3339 time. */
export function instantMs(iso: string): number {
  return Date.parse(iso);
}

type Unit = 'second' | 'minute' | 'hour' | 'day';

/** A length of time in its largest fitting unit. */
function lengthOf(duration_ms: number): { readonly count: number; readonly unit: Unit } {
  const ms = Math.max(0, duration_ms);
  if (ms < MINUTE_MS) return { count: Math.ceil(ms / SECOND_MS), unit: 'second' };
  if (ms < HOUR_MS) return { count: Math.round(ms / MINUTE_MS), unit: 'minute' };
  if (ms < 2 * DAY_MS) return { count: Math.round(ms / HOUR_MS), unit: 'hour' };
  return { count: Math.round(ms / DAY_MS), unit: 'day' };
}

/** "40 seconds", "3 minutes", "12 days". */
export function durationWords(duration_ms: number): string {
  const { count, unit } = lengthOf(duration_ms);
  return new Intl.NumberFormat(spokenLanguage(), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** How long a call took: "0.4 s", "12 s". */
export function tookWords(duration_ms: number): string {
  const seconds = duration_ms / SECOND_MS;
  if (seconds < 0.1) return `${numberFormat({ maximumFractionDigits: 0 }).format(duration_ms)} ms`;
  const digits = seconds < 10 ? 1 : 0;
  return `${numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(seconds)} s`;
}

/** "just now", "3 minutes ago"; a time ahead of this machine's clock counts as now. */
export function agoWords(iso: string, now_ms: number): string {
  const ms = now_ms - instantMs(iso);
  if (ms < 5 * SECOND_MS) return t('just now');
  const { count, unit } = lengthOf(ms);
  return new Intl.RelativeTimeFormat(spokenLanguage()).format(-count, unit);
}

/** "in 9 days", "in 40 seconds", "now". */
export function untilWords(iso: string, now_ms: number): string {
  const ms = instantMs(iso) - now_ms;
  if (ms <= 0) return t('now');
  const { count, unit } = lengthOf(ms);
  return new Intl.RelativeTimeFormat(spokenLanguage()).format(count, unit);
}

/** Undefined: the reader's own zone. */
function zoneOf(time_zone: string | undefined): { readonly timeZone?: string } {
  return time_zone === undefined ? {} : { timeZone: time_zone };
}

function isOtherYear(at_ms: number, now_ms: number, time_zone: string | undefined): boolean {
  const year = dateFormat({ year: 'numeric', ...zoneOf(time_zone) });
  return year.format(at_ms) !== year.format(now_ms);
}

/** "1 Dec", with the year when it is another one. */
export function dayWords(iso: string, now_ms: number, time_zone?: string): string {
  const at_ms = instantMs(iso);
  const year = isOtherYear(at_ms, now_ms, time_zone) ? { year: 'numeric' as const } : {};
  return dateFormat({ day: 'numeric', month: 'short', ...year, ...zoneOf(time_zone) }).format(at_ms);
}

/** "21 Nov, 12:39:05" in the reader's own zone, with the year when `now_ms` lies in another one. */
export function momentWords(
  iso: string,
  { time_zone, now_ms }: { readonly time_zone?: string; readonly now_ms?: number } = {},
): string {
  const at_ms = instantMs(iso);
  const year = now_ms !== undefined && isOtherYear(at_ms, now_ms, time_zone) ? { year: 'numeric' as const } : {};
  return dateFormat({
    day: 'numeric',
    month: 'short',
    ...year,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zoneOf(time_zone),
  }).format(at_ms);
}

const INSTANT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z/g;

/** A sentence of the server with its times as the reader writes them, in the reader’s own zone, which is named. */
export function localTimes(text: string, time_zone?: string): string {
  return text.replaceAll(INSTANT, (instant) =>
    dateFormat({
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'short',
      ...zoneOf(time_zone),
    }).format(instantMs(instant)),
  );
}
