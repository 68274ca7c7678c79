import { assert, type Refusal, refuse } from '@purser/base';
import { type Catalogue, costAllowance, findPack, type Pack, paymentFees } from '@purser/catalog';
import { add, type Money, multiply, type Ratio, ratio } from '@purser/money';

/** What an order of packs comes to. Amounts are in the currency of the pack. */
export interface PackQuote {
  readonly pack: Pack;
  readonly quantity: number;
  readonly credits: bigint;
  /** What the whole order costs. */
  readonly price: Money;
  /** Of the order, for whoever shows it: nano-units of price a credit. */
  readonly nanos_per_credit: Ratio;
  /** What the payment service keeps: its fixed part once an order. */
  readonly fees: Money;
  /** By how much the order raises the buyer's cost ceiling: price × (1 − margin) − fees. */
  readonly ceiling_raise: Money;
  /** What the order's credits stand for in cost. */
  readonly cost: Money;
  /** How many of the pack are bought at which price, dearest first. */
  readonly lines: readonly { readonly quantity: number; readonly price_each: Money; readonly price: Money }[];
}

const QUANTITY_MAX = 100_000;

/**
 * What `quantity` of a pack cost: each tier's price holds for the packs of the order that lie in it, so a larger order costs more in all
 * and never more a credit. Refuses a pack that is not for sale and a quantity that is not a whole number from 1 to 100,000.
 */
export function quotePack(catalogue: Catalogue, code: string, quantity: number): PackQuote | Refusal {
  const pack = findPack(catalogue, code);
  if (!pack) {
    const codes = catalogue.packs.map((known) => known.code).join(', ');
    return refuse('not_found', `there is no pack '${code.slice(0, 100)}'; want one of ${codes}`);
  }
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX) {
    return refuse('invalid_request', `quantity: want a whole number from 1 to ${QUANTITY_MAX}, got ${quantity}`);
  }
  const lines = linesOf(pack, quantity);
  const price = lines.map((line) => line.price).reduce(add);
  const credits = pack.credits * BigInt(quantity);
  assert(credits > 0n, `the pack ${code} has no credits`);
  const fees = paymentFees(price, pack.payment_fees);
  return {
    pack,
    quantity,
    credits,
    price,
    nanos_per_credit: ratio(price.nanos, credits),
    fees,
    ceiling_raise: costAllowance(price, pack.margin, pack.payment_fees),
    cost: multiply(pack.cost, BigInt(quantity)),
    lines,
  };
}

function linesOf(pack: Pack, quantity: number): PackQuote['lines'] {
  const steps = [{ from: 1, price: pack.price }, ...pack.tiers];
  return steps.flatMap(({ from, price }, index) => {
    const until = steps[index + 1]?.from ?? QUANTITY_MAX + 1;
    const within = Math.min(quantity + 1, until) - from;
    return within > 0 ? [{ quantity: within, price_each: price, price: multiply(price, BigInt(within)) }] : [];
  });
}
