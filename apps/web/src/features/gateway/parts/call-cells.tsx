import type { Call } from '@purser/api';
import { formatCount, formatMoney } from '../../../words/amount.ts';
import { tookWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { outcomeWords } from '../words/outcome.ts';

export function tokenWords(usage: Call['usage']): string {
  return usage === null
    ? t('not reported')
    : t('{in} in, {out} out', { in: formatCount(usage.input_tokens), out: formatCount(usage.output_tokens) });
}

export function Outcome({ call }: { readonly call: Call }) {
  const { words, good } = outcomeWords(call.outcome);
  return (
    <span className={good ? 'text-fair' : 'text-oxide'}>
      {words}
      <span className="text-ink-soft"> · {tookWords(call.duration_ms)}</span>
    </span>
  );
}

export function Cost({ call: { cost } }: { readonly call: Call }) {
  if (cost === undefined) return null;
  return cost === null ? <span className="text-ink-soft">{t('unresolved')}</span> : <strong>{formatMoney(cost)}</strong>;
}
