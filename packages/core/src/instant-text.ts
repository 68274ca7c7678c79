import { z } from 'zod';

const EARLIEST = Temporal.Instant.from('0001-01-01T00:00:00Z');
const LATEST = Temporal.Instant.from('9999-12-31T23:59:59.999999Z');

/** A time that a caller names: RFC 3339, and one that every part of this, the database too, can write and read again. */
export const instantText = z.iso
  .datetime({ offset: true })
  .refine(isKeepable, 'want a time of the years 1 to 9999 in UTC, with at most nine decimals of a second');

function isKeepable(text: string): boolean {
  try {
    const instant = Temporal.Instant.from(text);
    return Temporal.Instant.compare(instant, EARLIEST) >= 0 && Temporal.Instant.compare(instant, LATEST) <= 0;
  } catch {
    return false;
  }
}
