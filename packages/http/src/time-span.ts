import { RefusalError, refuse } from '@purser/core';
import { z } from 'zod';

/** Years of four digits: what clocks, databases and people agree on. */
const EARLIEST = Temporal.Instant.from('0001-01-01T00:00:00Z');
const LATEST = Temporal.Instant.from('9999-12-31T23:59:59Z');

/** A day stands for its first instant in UTC. */
export const instantQuery = z.string().transform((text, context) => {
  try {
    const instant = Temporal.Instant.from(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
    if (Temporal.Instant.compare(instant, EARLIEST) < 0 || Temporal.Instant.compare(instant, LATEST) > 0) throw new RangeError();
    return instant;
  } catch {
    context.issues.push({
      code: 'custom',
      input: text,
      message: `want a time such as 2026-11-01T00:00:00Z or a date, got ${JSON.stringify(text.slice(0, 60))}`,
    });
    return z.NEVER;
  }
});

/** A report's own parameters: from when, until when. */
export const spanQuery = {
  from: instantQuery.optional().describe('RFC 3339, or a date (UTC); without it the start of this month.'),
  to: instantQuery.optional().describe('Not included; without it now.'),
};

export interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** @throws RefusalError (`invalid_request`) when it does not begin before it ends. */
export function spanOf(
  query: { from?: Temporal.Instant | undefined; to?: Temporal.Instant | undefined },
  now: Temporal.Instant,
): Span {
  const to = query.to ?? now;
  const from = query.from ?? to.toZonedDateTimeISO('UTC').with({ day: 1 }).startOfDay().toInstant();
  if (Temporal.Instant.compare(from, to) >= 0) {
    throw new RefusalError(refuse('invalid_request', `"from" (${from}) must lie before "to" (${to})`));
  }
  return { from, to };
}
