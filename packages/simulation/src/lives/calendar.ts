/** Stripe counts in whole seconds of UTC. */
export const HOUR_S = 3_600;
export const DAY_S = 86_400;

/** Counted from the anchor and never chained: 31 January, 28 February, 31 March. */
export function monthsAfter(anchor_s: number, months: number): number {
  const at = Temporal.Instant.fromEpochMilliseconds(anchor_s * 1000).toZonedDateTimeISO('UTC');
  return Math.floor(at.add({ months }).epochMilliseconds / 1000);
}

/** The months of a span that begin at its start, `months` of them; the last ends where the span does. */
export function monthsOf(from_s: number, to_s: number, months: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: months }, (_, n) => ({
    from: n === 0 ? from_s : monthsAfter(from_s, n),
    to: n === months - 1 ? to_s : monthsAfter(from_s, n + 1),
  }));
}
