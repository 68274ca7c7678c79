import fc from 'fast-check';
import { expect, test } from 'vitest';

import { marginSpan } from './margin-span.ts';

const at = (text: string): Temporal.Instant => Temporal.Instant.from(text);
const texts = (from: string, to: string): string[] => {
  const span = marginSpan(at(from), at(to));
  return [span.days_from.toString(), span.days_to.toString()];
};

test('a span is split at the UTC midnights inside it', () => {
  expect(texts('2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z')).toEqual(['2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z']);
  expect(texts('2026-03-01T09:30:00Z', '2026-03-04T00:00:01Z')).toEqual(['2026-03-02T00:00:00Z', '2026-03-04T00:00:00Z']);
});

test('a span without a whole day is one end', () => {
  expect(texts('2026-03-01T09:30:00Z', '2026-03-02T23:00:00Z')).toEqual(['2026-03-02T23:00:00Z', '2026-03-02T23:00:00Z']);
  expect(texts('2026-03-02T00:00:00Z', '2026-03-02T23:00:00Z')).toEqual(['2026-03-02T23:00:00Z', '2026-03-02T23:00:00Z']);
});

test('the parts cover every instant of a span exactly once', () => {
  const instant = fc.integer({ min: -1e12, max: 1e12 }).map((ms) => Temporal.Instant.fromEpochMilliseconds(ms));
  fc.assert(
    fc.property(instant, fc.nat(1e9), fc.nat(1e9), (from, length, offset) => {
      const to = from.add({ milliseconds: length });
      const when = from.add({ milliseconds: offset });
      const span = marginSpan(from, to);
      const within = (start: Temporal.Instant, end: Temporal.Instant): number =>
        Number(Temporal.Instant.compare(when, start) >= 0 && Temporal.Instant.compare(when, end) < 0);
      const parts = within(span.from, span.days_from) + within(span.days_from, span.days_to) + within(span.days_to, span.to);
      expect(parts).toBe(within(from, to));
    }),
  );
});
