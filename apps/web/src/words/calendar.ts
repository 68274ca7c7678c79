import { dateFormat } from './locale.ts';
import { instantMs } from './time.ts';

const DAY_MS = 86_400_000;

/** "24 Nov" of `2026-11-24`: a day of the calendar, which is in no zone. A month is said as one. */
export function dateWords(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return monthWords(day);
  return dateFormat({ day: 'numeric', month: 'short', timeZone: 'UTC' }).format(instantMs(`${day}T00:00:00Z`));
}

/** "Nov 2026" of `2026-11`; what is no month is said as it came. */
export function monthWords(month: string): string {
  if (!/^\d{4}-\d{2}$/.test(month)) return month;
  return dateFormat({ month: 'short', year: 'numeric', timeZone: 'UTC' }).format(instantMs(`${month}-01T00:00:00Z`));
}

/** The days from one to another, both included: `2026-11-29`, `2026-11-30`, … */
export function daysBetween(from: string, to: string): readonly string[] {
  const days: string[] = [];
  for (let at_ms = instantMs(`${from}T00:00:00Z`); at_ms <= instantMs(`${to}T00:00:00Z`); at_ms += DAY_MS)
    days.push(dayAt(at_ms));
  return days;
}

/** The UTC day of a moment, as the API writes it. */
export function dayAt(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(0, 10);
}

/** The first moment (UTC) of the month that `months` lies from the one of `now_ms`, as RFC 3339: what the books ask for. */
export function monthStart(now_ms: number, months: number): string {
  const [year = 1970, month = 1] = dayAt(now_ms).split('-').map(Number);
  const index = year * 12 + (month - 1) + months;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01T00:00:00Z`;
}
