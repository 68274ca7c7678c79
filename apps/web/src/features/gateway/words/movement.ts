import type { StatementLine } from '@purser/api';
import { t } from '../../../words/translate.ts';

const SOURCES: Record<string, string> = {
  monthly: t('Monthly credits'),
  gift: t('A gift'),
  purchased: t('A pack'),
  rollover: t('Carried over from last month'),
  allocation: t('Agreed credits'),
};

/** What a movement of credits was, for a reader: "Credits of the month", "A call", "Lapsed". */
export function movementWords({ kind, source }: Pick<StatementLine, 'kind' | 'source'>): string {
  switch (kind) {
    case 'grant':
      return source === null ? t('Credits granted') : sourceWords(source);
    case 'spend':
      return source === null ? t('A call') : t('A call, paid by {source}', { source: packWords(source) });
    case 'expiry':
      return t('Expired');
    case 'refund':
      return t('Refunded');
    case 'withdrawal':
      return t('Taken back: the payment was returned');
    default: {
      const never: never = kind;
      return never;
    }
  }
}

function sourceWords(source: string): string {
  const [kind = '', ...rest] = source.split(':');
  const known = Object.hasOwn(SOURCES, kind) ? SOURCES[kind] : undefined;
  if (known === undefined) return source.replaceAll(/[_:]+/g, ' ');
  return rest.length === 0 ? known : `${known}: ${rest.join(':')}`;
}

function packWords(source: string): string {
  const [kind = '', ...rest] = source.split(':');
  return kind === 'pack' && rest.length > 0 ? t('the pack {join}', { join: rest.join(':') }) : source.replaceAll(/[_:]+/g, ' ');
}
