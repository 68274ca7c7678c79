import { type Refusal, refuse } from '@purser/core';
import { toPostgresJson } from '@purser/database';
import { z } from 'zod';

import { type AppliedEvent, applyEvent } from '../effects/apply-event.ts';
import type { PaymentEvent } from '../payment-action.ts';
import { SECONDS_MAX } from './objects.ts';
import type { MarketplaceParts } from './parts.ts';
import { readEvent } from './translate-event.ts';

/**
 * Takes in what Stripe posted: signed by it, within its own tolerance, and never seen before. Event and consequences are one transaction, so
 * that after a crash Stripe's next delivery finds nothing half done. @throws when the database is away: then Stripe tries again.
 */
export async function receiveEvent(
  parts: MarketplaceParts,
  body: Buffer,
  signature: string | undefined,
): Promise<AppliedEvent | Refusal> {
  const { webhook_secret } = parts.settings;
  if (webhook_secret === undefined) return refuse('not_configured', 'webhooks are off: STRIPE_WEBHOOK_SECRET is not set');
  const { Stripe } = await import('stripe');
  let payload: unknown;
  try {
    payload = Stripe.webhooks.constructEvent(body, signature ?? '', webhook_secret);
  } catch {
    return refuse('invalid_request', 'the signature of this event is not valid, or it is too old');
  }
  return (await takeEvent(parts, payload)) ?? refuse('invalid_request', 'this is signed, and no event');
}

/** The one way in for an event that is known to be Stripe's, posted or asked for; undefined when it is none. */
export async function takeEvent(parts: MarketplaceParts, payload: unknown): Promise<AppliedEvent | undefined> {
  // What could not be kept would be sent again for three days.
  const event = read(JSON.parse(toPostgresJson(payload)));
  return event && applyEvent(parts, event);
}

function read(payload: unknown): PaymentEvent | undefined {
  try {
    return readEvent(payload);
  } catch (error) {
    const head = z
      .object({ id: z.string().min(1).max(200), type: z.string().max(200), created: z.int().min(0).max(SECONDS_MAX) })
      .safeParse(payload);
    if (!head.success) return undefined;
    const { id, type, created } = head.data;
    const unreadable = error instanceof z.ZodError ? z.prettifyError(error) : 'its amount is no money';
    const at = Temporal.Instant.fromEpochMilliseconds(created * 1000);
    return { id, type, at, customer: undefined, payload, action: undefined, fees: [], unreadable: unreadable.slice(0, 500) };
  }
}
