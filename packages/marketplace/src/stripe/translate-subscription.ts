import type { SubscriptionSnapshot } from '@purser/terms';
import { z } from 'zod';

import type { SubscriptionAction } from '../payment-action.ts';
import { metadata, planNamed, price, reference, seconds, spanOf } from './objects.ts';

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

export function subscriptionAction(type: string, object: unknown): SubscriptionAction | undefined {
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

function told(object: z.infer<typeof subscription>, type: string): SubscriptionAction {
  const status = statusOf(object, type === 'customer.subscription.deleted');
  return {
    kind: 'subscription',
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
