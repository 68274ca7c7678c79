import type { Filter } from '../../../ui/table/filters.tsx';
import { t } from '../../../words/translate.ts';

/** What an alert of a kind is about, for a reader. */
const KINDS: Readonly<Record<string, string>> = {
  threshold: t('limits nearly used up'),
  anomaly: t('unusual hours'),
  fraud: t('fraud flags'),
  license: t('subscriptions'),
  overrun: t('cost over the reservation'),
  unreconciled: t('unresolved cost'),
  missing: t('missing entries'),
  provider: t('failing providers'),
  payment: t('payments to look at'),
  overrides: t('agreed terms lowered'),
};

/** The kinds that a customer is told of. */
const OWN: readonly string[] = ['threshold', 'anomaly', 'license'];

function filterOf(kinds: readonly string[]): Filter {
  return { name: 'kind', label: t('Kind'), options: kinds.map((value) => ({ value, label: KINDS[value] ?? value })) };
}

export const OWN_KINDS = filterOf(OWN);
export const ALL_KINDS = filterOf(Object.keys(KINDS));
