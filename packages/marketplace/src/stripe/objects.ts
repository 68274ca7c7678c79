import { z } from 'zod';

import type { Period } from '../payment-action.ts';

/* What several of Stripe's objects have in common. */

export const reference = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
/** A payment goes by its intent; one that was made without goes by its charge. */
export function paymentNamed(of: {
  readonly payment_intent?: string | null | undefined;
  readonly charge?: string | null | undefined;
}): string | undefined {
  return of.payment_intent ?? of.charge ?? undefined;
}
export const metadata = z.record(z.string(), z.string()).nullish();
/** Until the year 9999: what is reckoned from a time stays a time. */
export const SECONDS_MAX = 253_402_300_799;
export const seconds = z.int().min(0).max(SECONDS_MAX).nullish();

export const price = z.object({
  id: z.string().nullish(),
  lookup_key: z.string().nullish(),
  metadata,
  recurring: z.object({ usage_type: z.string().nullish() }).nullish(),
});

/** A price says which plan it is of, by its metadata or its look-up key. */
export function planNamed(of: z.infer<typeof price> | null | undefined): string | undefined {
  return of?.metadata?.['purser_plan'] ?? of?.lookup_key ?? undefined;
}

export function spanOf(from: number | null | undefined, to: number | null | undefined): Period | undefined {
  if (from === null || from === undefined || to === null || to === undefined || from >= to) return undefined;
  return { from: instantOf(from), to: instantOf(to) };
}

export function instantOf(at: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(at * 1000);
}
