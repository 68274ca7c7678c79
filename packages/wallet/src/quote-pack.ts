import { type Refusal, refuse } from '@purser/core';
import { type Catalog, findPack, orderMax, orderOf, type Pack, type PackOrder } from '@purser/catalog';
import { type Ratio, ratio } from '@purser/money';

/** What an order of packs comes to, for whoever shows and sells it. */
export interface PackQuote extends PackOrder {
  readonly pack: Pack;
  /** Nano-units of price a credit. */
  readonly nanos_per_credit: Ratio;
}

/**
 * What `quantity` of a pack cost: each tier's price holds for the packs of the order that lie in it, so a larger order costs more in all
 * and never more a credit. Refuses a pack that is not for sale, and a quantity that is not a whole number
 * from 1 to 100,000, or to a billion units of price.
 */
export function quotePack(catalog: Catalog, code: string, quantity: number): PackQuote | Refusal {
  const pack = findPack(catalog, code);
  if (!pack) {
    const codes = catalog.packs.map((known) => known.code).join(', ');
    return refuse('not_found', `there is no pack '${code.slice(0, 100)}'; want one of ${codes}`);
  }
  const most = orderMax(pack);
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > most) {
    return refuse('invalid_request', `quantity: want a whole number from 1 to ${most}, got ${quantity}`);
  }
  const order = orderOf(pack, quantity);
  return {
    ...order,
    pack,
    nanos_per_credit: ratio(order.price.nanos, order.credits),
  };
}
