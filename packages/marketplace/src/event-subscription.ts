import type { SubscriptionSnapshot } from '@purser/terms';
import { z } from 'zod';

/** What an event says of a subscription. Names of plans are as its prices have them, whoever knows them. */
export interface ToldSubscription {
  readonly is: 'subscription';
  readonly subscription: string;
  readonly status: SubscriptionSnapshot['status'];
  readonly rank: number;
  readonly workspace: string | undefined;
  /** The checkout that it was bought by. */
  readonly checkout: string | undefined;
  /** Of the whole subscription: what a price that we made on the spot leaves to it. */
  readonly plan: string | undefined;
  readonly items: readonly ToldItem[];
  readonly period: ToldSpan | undefined;
  readonly trial: ToldSpan | undefined;
  readonly latest_invoice: string | undefined;
}

export interface ToldItem {
  readonly item: string;
  readonly price: string;
  readonly plan: string | undefined;
  readonly metered: boolean;
  readonly period: ToldSpan | undefined;
}

export interface ToldSpan {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

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

const subscription = z.object({
  id: z.string(),
  status: z.string(),
  metadata,
  pause_collection: z.object({}).nullish(),
  current_period_start: seconds,
  current_period_end: seconds,
  trial_start: seconds,
  trial_end: seconds,
  latest_invoice: reference.nullish(),
  items: z
    .object({
      data: z
        .array(
          z.object({
            id: z.string().nullish(),
            price: price.nullish(),
            current_period_start: seconds,
            current_period_end: seconds,
          }),
        )
        .max(100),
    })
    .nullish(),
});

export function subscriptionSaying(type: string, object: unknown): ToldSubscription | undefined {
  switch (type) {
    case 'customer.subscription.created':
    case 'customer.subscription.updated':
    case 'customer.subscription.paused':
    case 'customer.subscription.resumed':
    case 'customer.subscription.deleted':
      return told(subscription.parse(object), type);
    default:
      return undefined;
  }
}

function told(object: z.infer<typeof subscription>, type: string): ToldSubscription {
  const status = statusOf(object, type === 'customer.subscription.deleted');
  return {
    is: 'subscription',
    subscription: object.id,
    status,
    rank: rankOf(object.status, status) * 2 + (type === 'customer.subscription.created' ? 0 : 1),
    workspace: object.metadata?.['purser_workspace'],
    checkout: object.metadata?.['purser_checkout'],
    plan: object.metadata?.['purser_plan'],
    items: (object.items?.data ?? []).map((item) => ({
      item: item.id ?? '',
      price: item.price?.id ?? '',
      plan: planNamed(item.price),
      metered: item.price?.recurring?.usage_type === 'metered',
      period: spanOf(item.current_period_start, item.current_period_end),
    })),
    period: spanOf(object.current_period_start, object.current_period_end),
    trial: spanOf(object.trial_start, object.trial_end),
    latest_invoice: object.latest_invoice ?? undefined,
  };
}

/** A price says which plan it is of, by its metadata or its look-up key. */
export function planNamed(of: z.infer<typeof price> | null | undefined): string | undefined {
  return of?.metadata?.['purser_plan'] ?? of?.lookup_key ?? undefined;
}

export function spanOf(from: number | null | undefined, to: number | null | undefined): ToldSpan | undefined {
  if (from === null || from === undefined || to === null || to === undefined || from >= to) return undefined;
  return { from: instantOf(from), to: instantOf(to) };
}

export function instantOf(at: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(at * 1000);
}

function statusOf({ status, pause_collection }: z.infer<typeof subscription>, deleted: boolean): SubscriptionSnapshot['status'] {
  if (deleted || status === 'canceled' || status === 'incomplete_expired') return 'ended';
  if (pause_collection !== null && pause_collection !== undefined) return 'paused';
  switch (status) {
    case 'active':
    case 'trialing':
    case 'paused':
      return status;
    case 'past_due':
    case 'unpaid':
      return 'owing';
    default:
      return 'incomplete';
  }
}

/** How statuses follow one another: of what happened within one second, the later is further down; an end is last. */
const FOLLOWING = ['incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused'];

function rankOf(status: string, known: SubscriptionSnapshot['status']): number {
  if (known === 'ended') return FOLLOWING.length;
  return Math.max(0, FOLLOWING.indexOf(known === 'paused' ? 'paused' : status));
}
