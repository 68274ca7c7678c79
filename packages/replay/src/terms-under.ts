import { type Catalog, findPlan, paymentFees, type Plan, saleOf } from '@purser/catalog';
import { convertPlain, divide, type ExchangeRates, type Money, money } from '@purser/money';
import type { AllowedIn, MonthMoney, ServedTerms } from '@purser/terms';
import { proceedsOf } from '@purser/terms';

/** What a subscriber paid for, as it is written. */
export interface PaidTerms {
  readonly served: ServedTerms;
  readonly money: readonly MonthMoney[];
}

/** What a plan was sold at, and what it would be sold at. */
export interface Resale {
  readonly sold: Plan;
  readonly proposed: Plan;
  readonly fx: ExchangeRates;
}

/**
 * The months that were paid for as they would be under a catalog: the same customers pay the same share of its prices, and its ceilings, margins and fees
 * decide what may be spent of that. A month of a plan that it does not have, or that is what was sold, stays as it is.
 */
export function termsUnder(
  { served, money: collected }: PaidTerms,
  catalog: Catalog,
  soldBy: (version: string) => Catalog,
): ServedTerms {
  const months = served.months.map((month) => {
    const sold = findPlan(soldBy(month.version), month.plan);
    const proposed = findPlan(catalog, month.plan);
    if (month.allowed === null || !sold || !proposed || sold === proposed) return month;
    const resale = { sold, proposed, fx: catalog.fx };
    if (month.kind === 'trial') return { ...month, allowed: trialOf(proposed) };
    const own = collected.filter((one) => one.term === month.term && one.month === month.month);
    return { ...month, allowed: sumByUnit(own.map((one) => allowedUnder(one, resale))) };
  });
  return { ...served, months };
}

function trialOf({ trial }: Plan): AllowedIn[] {
  if (trial === undefined) return [];
  return [{ unit: trial.ceiling.currency, ceiling: trial.ceiling.nanos, proven: trial.ceiling.nanos }];
}

function allowedUnder({ currency, net, fees }: MonthMoney, resale: Resale): AllowedIn {
  const paid = resold(money(net, currency), money(fees, currency), resale);
  const proceeds = proceedsOf(
    { net: paid.revenue.nanos, tax: 0n, fees: paid.fees.nanos },
    currency,
    { numerator: 1n, denominator: 1n },
    resale.proposed,
    resale.fx,
  );
  return { unit: proceeds.unit, ceiling: proceeds.ceiling, proven: proceeds.proven };
}

function sumByUnit(allowed: readonly AllowedIn[]): AllowedIn[] {
  return [...Map.groupBy(allowed, ({ unit }) => unit)].map(([unit, own]) => ({
    unit,
    ceiling: own.reduce((sum, { ceiling }) => sum + ceiling, 0n),
    proven: own.reduce((sum, { proven }) => sum + proven, 0n),
  }));
}

/** What a payment would have been at another price, in the currency it was made in; its fees by the share that the payment provider takes. */
export function resold(
  revenue: Money,
  fees: Money,
  { sold, proposed, fx }: Resale,
): { readonly revenue: Money; readonly fees: Money } {
  const was = saleOf(sold.price, sold).net;
  const is = convertPlain(saleOf(proposed.price, proposed).net, was.currency, fx, 'down');
  if (was.nanos === 0n || was.nanos === is.nanos) return { revenue, fees };
  const other = money(divide(revenue.nanos * is.nanos, was.nanos, 'down'), revenue.currency);
  const free = { percent: proposed.payment_fees.percent, fixed: money(0n, revenue.currency) };
  const more = other.nanos - revenue.nanos;
  const of_more = paymentFees(money(more < 0n ? -more : more, revenue.currency), free).nanos;
  return { revenue: other, fees: money(fees.nanos + (more < 0n ? -of_more : of_more), revenue.currency) };
}

/** Monthly credits that a part of a price gave, as another plan would have given them. */
export function creditsUnder(credits: bigint, sold: Plan, proposed: Plan): bigint {
  if (sold.credits_monthly === 0n || sold.credits_monthly === proposed.credits_monthly) return credits;
  return divide(credits * proposed.credits_monthly, sold.credits_monthly, 'down');
}
