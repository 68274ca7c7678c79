import {
  compare,
  convertAllowance,
  type Currency,
  findRate,
  formatAmount,
  formatMoney,
  money,
  type Money,
  zero,
} from '@purser/money';

import type { Catalog, Pack } from './catalog.ts';
import { costOfCredits } from './credits.ts';
import type { Loss } from './loss.ts';
import { orderMax, orderOf, type PackOrder } from './order.ts';
import { type Proof, prove } from './prove-plans.ts';

/**
 * Orders of a pack, each with the credits it sells against what it raises the buyer's ceiling by, in the currency of every plan that may buy
 * it: credits that stand for more would be sold and could not be spent. The first of a tier stands for its tier; price and cost grow in
 * step between two of them, so that the ends of each tier show what happens in it. An order inside a tier is shown only where it fails.
 */
export function provePack(catalog: Catalog, pack: Pack): Proof[] {
  const last = orderMax(pack);
  const firsts = [1, ...pack.tiers.map(({ from }) => from)].filter((quantity) => quantity <= last);
  const proofs: Proof[] = [];
  for (const [index, first] of firsts.entries()) {
    const end = (firsts[index + 1] ?? last + 1) - 1;
    const [begins, ends] = [proveOrder(catalog, pack, first), proveOrder(catalog, pack, end)];
    proofs.push(begins);
    if (begins.holds && !ends.holds) proofs.push(ends);
  }
  return proofs;
}

function proveOrder(catalog: Catalog, pack: Pack, quantity: number): Proof {
  const order = orderOf(pack, quantity);
  const code = quantity === 1 ? pack.code : `${pack.code} × ${quantity}`;
  const bounds = buyersOf(catalog, pack).map((currency) => spendable(catalog, order, currency));
  const loss = bounds.map((bound) => lossOf(pack, code, order, bound)).find((found) => found !== undefined);
  const stands_for = findRate(catalog.fx, catalog.credit.cost.currency, pack.price.currency)
    ? costOfCredits(catalog, order.credits, pack.price.currency)
    : zero(pack.price.currency);
  const proof = prove(catalog, {
    kind: 'pack',
    code,
    price: order.price,
    sale: order,
    margin: pack.margin,
    ceiling: order.ceiling_raise,
    reserve: zero(pack.price.currency),
    bound: { name: 'ceiling', limit: order.ceiling_raise, because: 'the amount by which the sale raises the ceiling' },
    allotments: [
      { name: 'credits', limit: stands_for, because: `${order.credits} credits at what each stands for` },
      ...bounds
        .filter(({ currency }) => currency !== pack.price.currency)
        .map(({ currency, stands_for: cost, raise }) => ({
          name: `credits where cost is counted in ${currency}`,
          limit: stands_for,
          because: `${formatMoney(cost)} of a raise of ${formatMoney(raise)}`,
        })),
    ],
  });
  return { ...proof, holds: loss === undefined, ...(loss && { loss }) };
}

interface Spendable {
  readonly currency: Currency;
  readonly stands_for: Money;
  readonly raise: Money;
}

/** What the order's credits may cost where cost is counted in that currency, and the amount by which the sale raises the ceiling there. */
function spendable(catalog: Catalog, { credits, allowance, ceiling_raise }: PackOrder, currency: Currency): Spendable {
  const raise = allowance.nanos < 0n ? ceiling_raise : allowance;
  return {
    currency,
    stands_for: costOfCredits(catalog, credits, currency),
    raise: convertAllowance(raise, currency, catalog.fx),
  };
}

function lossOf(pack: Pack, code: string, order: PackOrder, { currency, stands_for, raise }: Spendable): Loss | undefined {
  const fees_eat = order.allowance.nanos < 0n;
  if (!fees_eat && compare(stands_for, raise) <= 0) return undefined;
  return {
    code,
    why: fees_eat
      ? `margin and payment fees are ${formatAmount(money(-order.allowance.nanos, order.allowance.currency))} more than the price`
      : `sells ${order.credits} credits that may cost ${formatMoney(stands_for)}, and raises the ceiling by ${formatMoney(raise)}`,
    change: fees_eat
      ? 'raise the price of the pack'
      : 'sell fewer credits, raise the price, or set a smaller margin; where cost is counted in another currency than the pack is paid in, the exchange buffer counts twice',
    witness: { kind: 'order', pack: pack.code, quantity: order.quantity, currency },
    bought: order.gross,
    allowed: fees_eat ? order.allowance : raise,
    spent: fees_eat ? zero(order.allowance.currency) : stands_for,
  };
}

/** The currencies of the plans that may buy the pack; its own where none may. */
function buyersOf(catalog: Catalog, pack: Pack): Currency[] {
  const buyers = catalog.plans.filter(({ packs }) => packs === undefined || packs.includes(pack.code));
  const currencies = new Set(buyers.map(({ price }) => price.currency));
  return currencies.size === 0 ? [pack.price.currency] : [...currencies];
}
