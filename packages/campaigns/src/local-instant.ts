import { type Refusal, refuse } from '@purser/core';

const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/iu;
const LOCAL = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$/u;

const WANT = 'want an instant (2027-03-10T09:00:00Z) or a date and time in the workspace’s time zone (2027-03-10T09:00)';

/**
 * An instant, or a date and time as the clocks of `timezone` show it. Refuses one that they skip when summer time begins; of one that they
 * show twice when it ends, the first is meant.
 */
export function readInstant(member: string, text: string, timezone: string): Temporal.Instant | Refusal {
  const wrong = refuse('invalid_request', `"${member}": ${WANT}, got ${JSON.stringify(text.slice(0, 60))}`);
  if (!INSTANT.test(text) && !LOCAL.test(text)) return wrong;
  try {
    if (INSTANT.test(text)) return Temporal.Instant.from(text);
    const local = Temporal.PlainDateTime.from(text);
    const zoned = local.toZonedDateTime(timezone, { disambiguation: 'earlier' });
    if (zoned.toPlainDateTime().equals(local)) return zoned.toInstant();
    const skipped = `the clocks of ${timezone} skip ${text} when summer time begins; want another time`;
    return refuse('invalid_request', `"${member}": ${skipped}`);
  } catch {
    return wrong;
  }
}
