import { currency, divide, formatDecimal, type Money, money } from '@purser/money';

/** What one plan, workspace, pack, model or month earned in one currency. The same key stands once per currency; currencies never mix. */
export interface MarginLine {
  readonly key: string;
  readonly revenue: Money;
  readonly fees: Money;
  /** Cost, overrun and what is unreconciled, which lowers the margin until it is resolved. */
  readonly cost: Money;
  /** revenue − fees − cost */
  readonly margin: Money;
  /** margin ÷ revenue, cut after six decimals towards −∞ so that it never flatters; null without revenue. */
  readonly margin_ratio: string | null;
}

const RATIO_DECIMALS = 6;

/** A line of sums as the database gives them, in nano-units as text. */
export function toLine(row: {
  readonly key: string;
  readonly unit: string;
  readonly revenue: string;
  readonly fees: string;
  readonly cost: string;
}): MarginLine {
  const unit = currency(row.unit);
  const revenue = BigInt(row.revenue);
  const fees = BigInt(row.fees);
  const cost = BigInt(row.cost);
  const margin = revenue - fees - cost;
  return {
    key: row.key,
    revenue: money(revenue, unit),
    fees: money(fees, unit),
    cost: money(cost, unit),
    margin: money(margin, unit),
    margin_ratio: revenue > 0n ? marginRatio(margin, revenue) : null,
  };
}

function marginRatio(margin: bigint, revenue: bigint): string {
  return formatDecimal(divide(margin * 10n ** BigInt(RATIO_DECIMALS), revenue, 'down'), RATIO_DECIMALS);
}
