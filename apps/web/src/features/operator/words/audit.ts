import { t } from '../../../words/translate.ts';

/** "workspace change" of `workspace.change`, for what has no words of its own. */
export function actionWords(action: string): string {
  const words = action.replaceAll(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The details of an audit event, one line each; of a change, each member that is another one now: "plan: FREE → PRO". */
export function changesOf(detail: Readonly<Record<string, unknown>>): readonly string[] {
  const { before, after, ...others } = detail;
  return [
    ...(isRecord(before) && isRecord(after) ? differences(before, after) : []),
    ...Object.entries(others)
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => `${nameWords(name)}: ${valueWords(value)}`),
  ];
}

function differences(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `${nameWords(name)}: ${valueWords(before[name])} → ${valueWords(after[name])}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const nameWords = (name: string): string => name.replaceAll('_', ' ');

function valueWords(value: unknown): string {
  if (value === undefined || value === null || value === '') return t('none');
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? t('none') : value.map(valueWords).join(', ');
  if (!isRecord(value)) return t('none');
  const { amount, currency } = value;
  if (typeof amount === 'string' && typeof currency === 'string') return `${amount} ${currency}`;
  const members = Object.entries(value).map(([name, member]) => `${nameWords(name)} ${valueWords(member)}`);
  return members.length === 0 ? t('none') : members.join(', ');
}
