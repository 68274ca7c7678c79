import type { StripeObject } from './objects.ts';

const COLLECTIONS: Readonly<Record<string, string>> = {
  '/v1/customers': 'customer',
  '/v1/events': 'event',
  '/v1/checkout/sessions': 'checkout.session',
  '/v1/subscriptions': 'subscription',
  '/v1/invoices': 'invoice',
  '/v1/charges': 'charge',
  '/v1/refunds': 'refund',
  '/v1/disputes': 'dispute',
};

/** A page of a collection, newest first, as Stripe's lists are; undefined when the path names none. */
export function listOf(objects: Iterable<StripeObject>, path: string): Record<string, unknown> | undefined {
  const url = new URL(path, 'http://stand-in');
  const kind = COLLECTIONS[url.pathname];
  if (kind === undefined) return undefined;
  const wanted = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const from = Number(wanted('created[gte]') ?? 0);
  const to = Number(wanted('created[lt]') ?? Number.MAX_SAFE_INTEGER);
  const status = wanted('status');
  const all = [...objects]
    .filter((one) => one.object === kind && Number(one['created']) >= from && Number(one['created']) < to)
    .filter((one) => status === undefined || status === 'all' || one['status'] === status)
    // What was made later has the higher number.
    .toSorted((one, other) => Number(other['created']) - Number(one['created']) || (one.id < other.id ? 1 : -1));
  const after = wanted('starting_after');
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const limit = Number(wanted('limit') ?? 10);
  return { object: 'list', url: url.pathname, data: all.slice(start, start + limit), has_more: all.length > start + limit };
}
