import { compare } from '../../../words/amount.ts';
import { numberFormat } from '../../../words/locale.ts';
import { t } from '../../../words/translate.ts';

/** "+12 %" against the days before; nothing where there was nothing to compare with. */
export function changeOf(now: string, before: string): string | undefined {
  if (compare(before, '0') <= 0) return undefined;
  const change = (Number(now) - Number(before)) / Number(before);
  if (Math.abs(change) < 0.005) return t('as before');
  const percent = numberFormat({ style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(change);
  return t('{percent} to before', { percent: percent.replace('-', '−') });
}
