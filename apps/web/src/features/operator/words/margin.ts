import type { MarginRow } from '../../../api/wire-operator.ts';
import { add, compare, share } from '../../../words/amount.ts';

export interface MarginBar {
  /** Shares of the revenue; together 1 when there is revenue. */
  readonly cost_share: number;
  readonly fees_share: number;
  readonly kept_share: number;
  /** The least that is to be kept, as the catalog says of this plan or pack; undefined: nothing says it of this row. */
  readonly minimum: number | undefined;
  /** `given`: it cost something and nobody paid, as on a free plan. */
  readonly state: 'kept' | 'thin' | 'lost' | 'given' | 'none';
}

/** Splits what a customer paid into what it cost, what the payment cost and what is left. */
export function marginBar(row: MarginRow): MarginBar {
  const minimum = row.margin_min === null ? undefined : Number(row.margin_min);
  if (compare(row.revenue.amount, '0') <= 0) {
    return { cost_share: 0, fees_share: 0, kept_share: 0, minimum, state: compare(row.cost.amount, '0') > 0 ? 'given' : 'none' };
  }
  const paid = row.revenue.amount;
  const spent = add(row.cost.amount, row.fees.amount);
  if (compare(spent, paid) >= 0) {
    const cost_share = share(row.cost.amount, spent);
    return { cost_share, fees_share: 1 - cost_share, kept_share: 0, minimum, state: 'lost' };
  }
  const cost_share = share(row.cost.amount, paid);
  const fees_share = share(row.fees.amount, paid);
  const kept_share = Math.max(0, 1 - cost_share - fees_share);
  return { cost_share, fees_share, kept_share, minimum, state: minimum !== undefined && kept_share < minimum ? 'thin' : 'kept' };
}

/** "87.6 %" of "0.876", cut after one decimal. */
export function ratioWords(ratio: string): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(ratio);
  if (found === null) return ratio;
  const [, sign = '', whole = '0', fraction = ''] = found;
  const per_mille = BigInt(whole + fraction.slice(0, 3).padEnd(3, '0'));
  return `${sign === '' || per_mille === 0n ? '' : '−'}${per_mille / 10n}.${per_mille % 10n} %`;
}
