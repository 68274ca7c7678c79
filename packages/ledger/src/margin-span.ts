/** A span of time and the whole UTC days inside it: [from, days_from) and [days_to, to) are its ends. */
export interface MarginSpan {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly days_from: Temporal.Instant;
  readonly days_to: Temporal.Instant;
}

/** Splits [from, to) at UTC midnights. Without a whole day inside, all of it is the first end; an empty or reversed span is empty. */
export function marginSpan(from: Temporal.Instant, to: Temporal.Instant): MarginSpan {
  const days_from = atMidnight(from, 'ceil');
  const days_to = atMidnight(to, 'floor');
  if (Temporal.Instant.compare(days_from, days_to) < 0) return { from, to, days_from, days_to };
  return { from, to, days_from: to, days_to: to };
}

/** The UTC days that [from, to) touches, as a span of whole days. */
export function wholeDays(from: Temporal.Instant, to: Temporal.Instant): Pick<MarginSpan, 'from' | 'to'> {
  return { from: atMidnight(from, 'floor'), to: atMidnight(to, 'ceil') };
}

/** As the statements of the reports take them: $1 to $4. */
export function instants(span: MarginSpan): string[] {
  return [span.from, span.to, span.days_from, span.days_to].map((instant) => instant.toString());
}

function atMidnight(instant: Temporal.Instant, roundingMode: 'ceil' | 'floor'): Temporal.Instant {
  return instant.round({ smallestUnit: 'hour', roundingIncrement: 24, roundingMode });
}
