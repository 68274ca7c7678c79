import type { MarginRow } from '@purser/api';
import { compare } from '../../../words/amount.ts';
import { numberFormat } from '../../../words/locale.ts';

/** `unpaid`: it cost something and nobody paid, as on a free plan. `below`: above nothing, and below the minimum of its plan or pack. */
export type MarginState = 'ok' | 'below' | 'loss' | 'unpaid' | 'none';

export function marginState({ revenue, cost, margin, margin_ratio, margin_min }: MarginRow): MarginState {
  if (compare(revenue.amount, '0') <= 0) return compare(cost.amount, '0') > 0 ? 'unpaid' : 'none';
  if (compare(margin.amount, '0') <= 0) return 'loss';
  return margin_min !== null && margin_ratio !== null && compare(margin_ratio, margin_min) < 0 ? 'below' : 'ok';
}

const RATIO = /^(-?)(\d+)(?:\.(\d+))?$/;

/** "87.6 %" of "0.876", cut after one decimal: a margin is never rounded up. */
export function ratioWords(ratio: string): string {
  const found = RATIO.exec(ratio);
  if (found === null) return ratio;
  const [, sign = '', whole = '0', fraction = ''] = found;
  const per_mille = BigInt(whole + fraction.slice(0, 3).padEnd(3, '0'));
  const text = `${per_mille / 10n}.${per_mille % 10n}` as Intl.StringNumericLiteral;
  const digits = numberFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(text);
  return `${sign === '' || per_mille === 0n ? '' : '−'}${digits} %`;
}
