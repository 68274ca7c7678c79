/** When the ceiling of a billing period is reached if spending goes on as it did. */
export interface Forecast {
  /** RFC 3339; null: not within this period, or too early to say. */
  readonly ceiling_reached_at: string | null;
  readonly text: string;
}

/** Less than this of a billing period says nothing about the rest of it. */
const SOONEST_MS = 86_400_000;
const DAY_MS = 86_400_000;

/** In a straight line at the pace of the period so far: start + elapsed × cap ÷ spent. */
export function forecast(question: {
  readonly period: { readonly start: Temporal.Instant; readonly end: Temporal.Instant | null };
  readonly spent: bigint;
  readonly cap: bigint;
  readonly now: Temporal.Instant;
}): Forecast {
  const { period, spent, cap, now } = question;
  const elapsed_ms = now.epochMilliseconds - period.start.epochMilliseconds;
  if (spent <= 0n || elapsed_ms <= 0) return { ceiling_reached_at: null, text: 'Nothing was spent in this billing period.' };
  if (spent >= cap) return { ceiling_reached_at: now.toString(), text: 'The cost ceiling of this billing period is reached.' };
  if (elapsed_ms < SOONEST_MS) return { ceiling_reached_at: null, text: 'A forecast is available after a day of use.' };
  const reached_ms = period.start.epochMilliseconds + Number((BigInt(elapsed_ms) * cap) / spent);
  if (period.end !== null && reached_ms >= period.end.epochMilliseconds) {
    return { ceiling_reached_at: null, text: 'At this pace the cost ceiling lasts until the billing period ends.' };
  }
  const days = Math.floor((reached_ms - now.epochMilliseconds) / DAY_MS);
  return {
    ceiling_reached_at: Temporal.Instant.fromEpochMilliseconds(reached_ms).toString(),
    text: `At this pace the cost ceiling is reached ${days < 1 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`}.`,
  };
}
