import { unreachable } from '@purser/core';

/**
 * How long a meter counts before it starts again.
 * - `second`, `minute`, `hour`: aligned to the UTC epoch, since zones shift by 15 to 60 minutes and an hour must stay an hour.
 * - `day`, `week` (from Monday 00:00), `month`, `year`: of the workspace's calendar, so a day lasts 23 to 25 hours when clocks change.
 * - `billing_period`: from the anchor's local date and time, one month each.
 * - `resource`: from the anchor (when the resource was made), without an end.
 * - `ever`: one window for all time.
 */
export type WindowKind =
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'year'
  | 'billing_period'
  | 'resource'
  | 'ever';

/** Half open: `start` belongs to it, `end` to the next. A null `end`: it never ends. */
export interface Window {
  readonly start: Temporal.Instant;
  readonly end: Temporal.Instant | null;
}

export interface WindowPlace {
  /** When billing began (`billing_period`) or the resource was made (`resource`). */
  readonly anchor: Temporal.Instant;
  /** IANA name of the workspace's time zone. */
  readonly timezone: string;
  readonly now: Temporal.Instant;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * The window of that kind which holds `now`. A pure function of its arguments, so every server computes the same one.
 * @throws RangeError when `timezone` names no time zone.
 */
export function windowAt(kind: WindowKind, place: WindowPlace): Window {
  switch (kind) {
    case 'second':
      return epochWindow(SECOND_MS, place.now);
    case 'minute':
      return epochWindow(MINUTE_MS, place.now);
    case 'hour':
      return epochWindow(HOUR_MS, place.now);
    case 'day':
      return calendarWindow(place, (date) => date, { days: 1 });
    case 'week':
      return calendarWindow(place, (date) => date.subtract({ days: date.dayOfWeek - 1 }), { weeks: 1 });
    case 'month':
      return calendarWindow(place, (date) => date.with({ day: 1 }), { months: 1 });
    case 'year':
      return calendarWindow(place, (date) => date.with({ month: 1, day: 1 }), { years: 1 });
    case 'billing_period':
      return billingPeriod(place);
    case 'resource':
      return { start: place.anchor, end: null };
    case 'ever':
      return { start: EPOCH, end: null };
    default:
      return unreachable(kind);
  }
}

function epochWindow(length_ms: number, now: Temporal.Instant): Window {
  const start_ms = Math.floor(now.epochMilliseconds / length_ms) * length_ms;
  return {
    start: Temporal.Instant.fromEpochMilliseconds(start_ms),
    end: Temporal.Instant.fromEpochMilliseconds(start_ms + length_ms),
  };
}

/**
 * Days begin at the first instant of their date, which need not be 00:00 and need not exist (a zone that skipped a day).
 * A clock put back across midnight shows yesterday's date twice; the window already begun then stands.
 */
function calendarWindow(
  { timezone, now }: WindowPlace,
  firstDay: (date: Temporal.PlainDate) => Temporal.PlainDate,
  step: Temporal.DurationLike,
): Window {
  let first = firstDay(now.toZonedDateTimeISO(timezone).toPlainDate());
  let start = startOf(first, timezone);
  let end = startOf(first.add(step), timezone);
  while (Temporal.Instant.compare(end, now) <= 0) {
    first = first.add(step);
    start = end;
    end = startOf(first.add(step), timezone);
  }
  return { start, end };
}

function startOf(date: Temporal.PlainDate, timezone: string): Temporal.Instant {
  return date.toZonedDateTime({ timeZone: timezone }).toInstant();
}

/** Anchor + n months, each counted from the anchor itself: 31 January, 28 February, 31 March. Chained steps would drift to the 28th. */
function billingPeriod({ anchor, timezone, now }: WindowPlace): Window {
  const local = anchor.toZonedDateTimeISO(timezone).toPlainDateTime();
  const boundary = (months: number) => local.add({ months }).toZonedDateTime(timezone).toInstant();
  let months = local.until(now.toZonedDateTimeISO(timezone).toPlainDateTime(), { largestUnit: 'months' }).months;
  let start = boundary(months);
  while (Temporal.Instant.compare(start, now) > 0) start = boundary(--months);
  let end = boundary(months + 1);
  while (Temporal.Instant.compare(end, now) <= 0) {
    start = end;
    end = boundary(++months + 1);
  }
  return { start, end };
}
