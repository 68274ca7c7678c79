import type { Catalog } from '@purser/catalog';
import { add, compare, convertCost, type Currency, formatMoney, type Money, money, parseMoney, zero } from '@purser/money';

import type { GateDeps } from '../deps.ts';

/** With a provider for which the catalog states nothing. */
const HOUR_MAX = parseMoney('10', 'USD');
/** Looked at again well before that: see `watchUnresolved`. */
const CLOSED_MS = 120_000;

type Parts = Pick<GateDeps, 'meters' | 'clock' | 'routes'>;

/**
 * What a provider may have billed of the last hour, and nobody knows, stays off the customers' ceilings; so there is a most that it may be.
 * Beyond it the provider is closed, until it is resolved or the hour has passed. Looks at one provider, or at all.
 */
export async function keepWithinBound({ meters, clock, routes }: Parts, catalog: Catalog, provider?: string): Promise<void> {
  const sums = await meters.unresolvedSince(clock.now().subtract({ hours: 1 }));
  const unresolved = new Map<string, Money>();
  for (const { provider: of, unit, cost } of sums) {
    const bound = boundOf(catalog, of);
    const sum = convertCost(money(cost, unit as Currency), bound.currency, catalog.fx);
    unresolved.set(of, add(unresolved.get(of) ?? zero(bound.currency), sum));
  }
  const closed = routes.list().filter(({ model, reason }) => model === null && reason === 'unresolved');
  for (const of of new Set([...unresolved.keys(), ...closed.map((record) => record.provider)])) {
    if (provider !== undefined && of !== provider) continue;
    const bound = boundOf(catalog, of);
    const sum = unresolved.get(of) ?? zero(bound.currency);
    if (compare(sum, bound) > 0) {
      const why = `up to ${formatMoney(sum)} of the last hour is unresolved with ${of}; the limit is ${formatMoney(bound)}`;
      await routes.closeProvider(of, 'unresolved', why, CLOSED_MS);
    } else await routes.resolved(of, 'unresolved');
  }
}

function boundOf({ failed_calls }: Catalog, provider: string): Money {
  return failed_calls.find((terms) => terms.provider === provider)?.unresolved_hour_max ?? HOUR_MAX;
}
