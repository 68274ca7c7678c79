import { assert } from '@purser/core';

import { type Currency, type Money, money } from './money.ts';
import { addRatios, divide, invertRatio, multiplyRatios, ONE, type Ratio, type Rounding } from './ratio.ts';

/** Stated exchange rates with a stated safety buffer. */
export interface ExchangeRates {
  readonly as_of: Temporal.Instant;
  /** How far a rate may move against us before a cost is under-counted: 0.02 counts every foreign cost 2 % dearer. */
  readonly buffer: Ratio;
  /** By `USD/EUR`: how many EUR one USD is. The opposite direction is derived exactly. */
  readonly rates: ReadonlyMap<string, Ratio>;
}

/** The rate from one currency to another, or undefined when neither direction is stated. A catalog refuses to load without the rates it needs. */
export function findRate(rates: ExchangeRates, from: Currency, to: Currency): Ratio | undefined {
  if (from === to) return ONE;
  const direct = rates.rates.get(`${from}/${to}`);
  if (direct) return direct;
  const inverse = rates.rates.get(`${to}/${from}`);
  return inverse && invertRatio(inverse);
}

/** A cost in another currency: rate × (1 + buffer), rounded up. The same currency passes unchanged. Asserts that the rate is stated. */
export function convertCost(cost: Money, to: Currency, rates: ExchangeRates): Money {
  if (cost.currency === to) return cost;
  return convert(cost, to, bufferedRate(rates, cost.currency, to), 'up');
}

const buffered = new WeakMap<ExchangeRates, Map<string, Ratio>>();

/** Rate × (1 + buffer), worked out once: every call converts its cost for each of its meters. */
function bufferedRate(rates: ExchangeRates, from: Currency, to: Currency): Ratio {
  const known = buffered.get(rates) ?? new Map<string, Ratio>();
  buffered.set(rates, known);
  const pair = `${from}/${to}`;
  const rate = known.get(pair) ?? multiplyRatios(statedRate(rates, from, to), addRatios(ONE, rates.buffer));
  known.set(pair, rate);
  return rate;
}

/** Money coming in, in another currency: rate ÷ (1 + buffer), rounded down. What a foreign sale allows to be spent is never over-counted. */
export function convertAllowance(allowance: Money, to: Currency, rates: ExchangeRates): Money {
  if (allowance.currency === to) return allowance;
  const cautious = multiplyRatios(statedRate(rates, allowance.currency, to), invertRatio(addRatios(ONE, rates.buffer)));
  return convert(allowance, to, cautious, 'down');
}

/** An amount in another currency at the stated rate alone: for reports, where no caution belongs. */
export function convertPlain(amount: Money, to: Currency, rates: ExchangeRates, rounding: Rounding = 'up'): Money {
  if (amount.currency === to) return amount;
  return convert(amount, to, statedRate(rates, amount.currency, to), rounding);
}

function convert(amount: Money, to: Currency, rate: Ratio, rounding: Rounding): Money {
  return money(divide(amount.nanos * rate.numerator, rate.denominator, rounding), to);
}

function statedRate(rates: ExchangeRates, from: Currency, to: Currency): Ratio {
  const rate = findRate(rates, from, to);
  assert(rate, `no exchange rate from ${from} to ${to} is stated`);
  return rate;
}
