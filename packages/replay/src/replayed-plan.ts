import type { RefusalCode } from '@purser/core';
import { paymentFees, soldOneByOneFees, type Plan } from '@purser/catalog';
import { add, type Currency, type Money, money, multiply, zero } from '@purser/money';

/** What the recorded calls of one plan come to. Amounts in the currency of its price. */
export interface ReplayedPlan {
  readonly plan: string;
  readonly periods: number;
  readonly calls: number;
  /** Calls whose answers would have been shorter. */
  readonly shortened: number;
  /** Calls that another model would have answered. */
  readonly rerouted: number;
  readonly refused: Readonly<Partial<Record<RefusalCode, number>>>;
  /** Granted credits that were charged. */
  readonly credits: bigint;
  /** Credits that were sold one by one. */
  readonly sold: bigint;
  readonly revenue: Money;
  readonly fees: Money;
  readonly cost: Money;
}

/** Credits sold to one workspace in one billing period: one line of an invoice. */
interface Line {
  readonly plan: Plan;
  readonly price: Money;
  credits: bigint;
}

/** One plan's sums while they grow. */
export class PlanSums {
  readonly plan: string;
  periods = 0;
  calls = 0;
  shortened = 0;
  rerouted = 0;
  credits = 0n;
  revenue: Money;
  fees: Money;
  cost: Money;
  readonly #refused: Partial<Record<RefusalCode, number>> = {};
  readonly #lines = new Map<string, Line>();

  constructor(plan: string, currency: Currency) {
    this.plan = plan;
    this.revenue = this.fees = this.cost = zero(currency);
  }

  refuse(code: RefusalCode): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  openPeriod({ price, payment_fees }: Plan): void {
    this.periods += 1;
    this.earn(price, paymentFees(price, payment_fees));
  }

  earn(revenue: Money, fees: Money): void {
    this.revenue = add(this.revenue, revenue);
    this.fees = add(this.fees, fees);
  }

  /** A period sells at the price it was opened with. */
  sell(period: string, plan: Plan, price: Money, credits: bigint): void {
    const line = this.#lines.get(period) ?? { plan, price, credits: 0n };
    line.credits += credits;
    this.#lines.set(period, line);
  }

  result(): ReplayedPlan {
    let { revenue, fees } = this;
    let sold = 0n;
    for (const line of this.#lines.values()) {
      const amount = multiply(line.price, line.credits);
      sold += line.credits;
      revenue = add(revenue, amount);
      fees = add(fees, paymentFees(amount, soldOneByOneFees(line.plan)));
    }
    const { plan, periods, calls, shortened, rerouted, credits, cost } = this;
    return { plan, periods, calls, shortened, rerouted, refused: this.#refused, credits, sold, revenue, fees, cost };
  }
}

/** revenue − fees − cost, and its share of the revenue in millionths, towards −∞; null without revenue. */
export function marginOfReplay({ revenue, fees, cost }: Pick<ReplayedPlan, 'revenue' | 'fees' | 'cost'>): {
  readonly margin: Money;
  readonly ratio_ppm: bigint | null;
} {
  const margin = money(revenue.nanos - fees.nanos - cost.nanos, revenue.currency);
  if (revenue.nanos <= 0n) return { margin, ratio_ppm: null };
  const scaled = margin.nanos * 1_000_000n;
  const floored = scaled / revenue.nanos - (scaled < 0n && scaled % revenue.nanos !== 0n ? 1n : 0n);
  return { margin, ratio_ppm: floored };
}
