import { type Refusal, refuse } from '@purser/core';

const PROBE = Temporal.Instant.fromEpochMilliseconds(0);

/** Refuses what is not an IANA time zone. A bare offset such as `+02:00` is none: it knows nothing of the clocks that change. */
export function refuseTimezone(timezone: string): Refusal | undefined {
  if (/^[A-Za-z]/.test(timezone)) {
    try {
      PROBE.toZonedDateTimeISO(timezone);
      return undefined;
    } catch {
      // Said below.
    }
  }
  return refuse(
    'invalid_request',
    `timezone '${timezone.slice(0, 60)}' is not an IANA time zone; want a name such as Europe/Berlin or UTC`,
  );
}
