import { type Money, multiply } from '@purser/money';

import type { Pack } from './catalog.ts';
import { type Sale, saleOf } from './ceiling.ts';

/** So many of a pack bought at once. Amounts are in the currency of the pack. */
export interface PackOrder extends Sale {
  readonly quantity: number;
  readonly credits: bigint;
  /** What the whole order costs. */
  readonly price: Money;
  /** By how much the order raises the buyer's cost ceiling: what its sale allows, and never below zero. */
  readonly ceiling_raise: Money;
  /** How many are bought at which price, dearest first. */
  readonly lines: readonly { readonly quantity: number; readonly price_each: Money; readonly price: Money }[];
}

const QUANTITY_MAX = 100_000;
/** Above a billion units an order is a slip of the pen, and multiplied out it would be no amount of money any more. */
const NANOS_MAX = 1_000_000_000n * 1_000_000_000n;

/** How many of a pack one order may have. */
export function orderMax({ price }: Pick<Pack, 'price'>): number {
  const most = price.nanos === 0n ? BigInt(QUANTITY_MAX) : NANOS_MAX / price.nanos;
  return most < BigInt(QUANTITY_MAX) ? Number(most) : QUANTITY_MAX;
}

/** What an order comes to: each tier's price holds for the packs of the order that lie in it, and its fees are those of one payment. */
export function orderOf(pack: Pack, quantity: number): PackOrder {
  const steps = [{ from: 1, price: pack.price }, ...pack.tiers];
  const lines = steps.flatMap(({ from, price }, index) => {
    const until = steps[index + 1]?.from ?? QUANTITY_MAX + 1;
    const within = Math.min(quantity + 1, until) - from;
    return within > 0 ? [{ quantity: within, price_each: price, price: multiply(price, BigInt(within)) }] : [];
  });
  const price = { ...pack.price, nanos: lines.reduce((sum, line) => sum + line.price.nanos, 0n) };
  const sale = saleOf(price, pack);
  const ceiling_raise = sale.allowance.nanos > 0n ? sale.allowance : multiply(sale.allowance, 0n);
  return { ...sale, quantity, credits: pack.credits * BigInt(quantity), price, ceiling_raise, lines };
}
