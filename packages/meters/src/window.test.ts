import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { windowAt, type WindowKind, type WindowPlace } from './window.ts';

const at = (text: string) => Temporal.Instant.from(text);
const place = (now: string, timezone = 'UTC', anchor = '2026-01-01T00:00:00Z'): WindowPlace => ({
  now: at(now),
  timezone,
  anchor: at(anchor),
});
const span = (kind: WindowKind, of: WindowPlace) => {
  const { start, end } = windowAt(kind, of);
  return [start.toString(), end?.toString() ?? null];
};

const TIMEZONES = [
  'Pacific/Pago_Pago', // −11
  'Pacific/Kiritimati', // +14
  'Pacific/Apia', // skipped 30 December 2011
  'America/New_York',
  'America/St_Johns', // until 2011 put its clocks back at 00:01
  'America/Sao_Paulo', // until 2019 began its summer at midnight: days without 00:00
  'Africa/Nairobi',
  'Asia/Kathmandu', // +05:45
  'Australia/Lord_Howe', // shifts by half an hour
  'Europe/Berlin',
  'UTC',
];
const KINDS: WindowKind[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year', 'billing_period'];

const instants = fc
  .integer({ min: Date.UTC(2004, 0, 1), max: Date.UTC(2040, 0, 1) })
  .map((ms) => Temporal.Instant.fromEpochMilliseconds(ms));
const places = fc.record({ now: instants, anchor: instants, timezone: fc.constantFrom(...TIMEZONES) });

describe('windowAt', () => {
  test.each(KINDS)('T5 %s windows cover every instant and touch without gap or overlap, in every zone', (kind) => {
    fc.assert(
      fc.property(places, (of) => {
        const { start, end } = windowAt(kind, of);
        expect(Temporal.Instant.compare(start, of.now)).toBeLessThanOrEqual(0);
        expect(end !== null && Temporal.Instant.compare(of.now, end) < 0).toBe(true);
        expect(windowAt(kind, { ...of, now: start })).toEqual({ start, end });
        const last = end!.subtract({ nanoseconds: 1 });
        expect(windowAt(kind, { ...of, now: last })).toEqual({ start, end });
        expect(windowAt(kind, { ...of, now: end! }).start).toEqual(end);
        expect(windowAt(kind, { ...of, now: start.subtract({ nanoseconds: 1 }) }).end).toEqual(start);
      }),
      { numRuns: 300 },
    );
  });

  test('a billing period starts on the anchor’s day of the month or, in a shorter month, on its last, at the anchor’s local time', () => {
    fc.assert(
      fc.property(places, (of) => {
        const local = of.anchor.toZonedDateTimeISO(of.timezone);
        const start = windowAt('billing_period', of).start.toZonedDateTimeISO(of.timezone);
        const wanted = start.toPlainDate().with({ day: Math.min(local.day, start.daysInMonth) }, { overflow: 'constrain' });
        const time = wanted.toZonedDateTime({ timeZone: of.timezone, plainTime: local.toPlainTime() });
        expect(start.toInstant()).toEqual(time.toInstant());
      }),
    );
  });

  test('months end right: 31 January, 28 February, 31 March, never chained', () => {
    const anchor = '2026-01-31T09:00:00Z';
    expect(span('billing_period', place('2026-02-10T00:00:00Z', 'UTC', anchor))).toEqual([
      '2026-01-31T09:00:00Z',
      '2026-02-28T09:00:00Z',
    ]);
    expect(span('billing_period', place('2026-03-01T00:00:00Z', 'UTC', anchor))).toEqual([
      '2026-02-28T09:00:00Z',
      '2026-03-31T09:00:00Z',
    ]);
    expect(span('billing_period', place('2026-04-01T00:00:00Z', 'UTC', anchor))).toEqual([
      '2026-03-31T09:00:00Z',
      '2026-04-30T09:00:00Z',
    ]);
    expect(span('billing_period', place('2028-02-29T12:00:00Z', 'UTC', anchor))).toEqual([
      '2028-02-29T09:00:00Z',
      '2028-03-31T09:00:00Z',
    ]);
  });

  test('an anchor on a leap day returns to the 29th when there is one', () => {
    const anchor = '2024-02-29T00:00:00Z';
    expect(span('billing_period', place('2025-03-05T00:00:00Z', 'UTC', anchor))).toEqual([
      '2025-02-28T00:00:00Z',
      '2025-03-29T00:00:00Z',
    ]);
    expect(span('billing_period', place('2028-02-29T01:00:00Z', 'UTC', anchor))[0]).toBe('2028-02-29T00:00:00Z');
  });

  test('a billing period keeps its local time when clocks change', () => {
    const anchor = '2026-02-15T08:00:00Z'; // 09:00 in Berlin
    expect(span('billing_period', place('2026-04-01T00:00:00Z', 'Europe/Berlin', anchor))).toEqual([
      '2026-03-15T08:00:00Z',
      '2026-04-15T07:00:00Z',
    ]);
  });

  test('S1 a week runs from Monday 00:00 in the workspace’s zone, 167 hours when clocks go forward and 169 when they go back', () => {
    expect(span('week', place('2026-03-29T12:00:00Z', 'Europe/Berlin'))).toEqual([
      '2026-03-22T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ]);
    expect(span('week', place('2026-10-25T12:00:00Z', 'Europe/Berlin'))).toEqual([
      '2026-10-18T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ]);
    expect(span('week', place('2026-11-01T12:00:00Z', 'America/New_York'))).toEqual([
      '2026-10-26T04:00:00Z',
      '2026-11-02T05:00:00Z',
    ]);
  });

  test('a day begins where its zone says: −11, +14, at 01:00 when midnight does not exist, and after a skipped date', () => {
    expect(span('day', place('2026-06-01T10:59:59Z', 'Pacific/Pago_Pago'))).toEqual([
      '2026-05-31T11:00:00Z',
      '2026-06-01T11:00:00Z',
    ]);
    expect(span('day', place('2026-06-01T10:00:00Z', 'Pacific/Kiritimati'))).toEqual([
      '2026-06-01T10:00:00Z',
      '2026-06-02T10:00:00Z',
    ]);
    expect(span('day', place('2018-11-04T03:00:00Z', 'America/Sao_Paulo'))).toEqual([
      '2018-11-04T03:00:00Z',
      '2018-11-05T02:00:00Z',
    ]);
    expect(span('day', place('2011-12-30T09:00:00Z', 'Pacific/Apia'))).toEqual(['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z']);
  });

  test('a clock put back across midnight does not reopen yesterday', () => {
    // St John's, 7 November 2010: 00:01 became 23:01 of the 6th.
    const midnight = at('2010-11-07T02:30:00Z');
    const repeated = at('2010-11-07T03:00:00Z');
    expect(repeated.toZonedDateTimeISO('America/St_Johns').day).toBe(6);
    expect(windowAt('day', place(repeated.toString(), 'America/St_Johns')).start).toEqual(midnight);
  });

  test('a resource counts from its making and for ever; `ever` has one window', () => {
    expect(span('resource', place('2026-06-01T00:00:00Z'))).toEqual(['2026-01-01T00:00:00Z', null]);
    expect(span('ever', place('2026-06-01T00:00:00Z'))).toEqual(['1970-01-01T00:00:00Z', null]);
  });

  test('an unknown zone is a RangeError', () => {
    expect(() => windowAt('day', place('2026-06-01T00:00:00Z', 'Mars/Olympus'))).toThrow(RangeError);
  });
});
