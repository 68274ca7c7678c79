import type { Overrides } from '@purser/api';
import { readAmount } from '../../../words/amount.ts';
import { t } from '../../../words/translate.ts';

type Kind = 'count' | 'money' | 'day' | 'text' | 'lane';

interface Term {
  /** Where it lies in the overrides, as the policy names it too. */
  readonly path: string;
  readonly label: string;
  readonly kind: Kind;
  readonly group: 'terms' | 'time' | 'loss';
}

/** What can be agreed on the page; the API knows more, and what it set stays. */
export const TERMS: readonly Term[] = [
  { path: 'ceiling', label: t('Cost ceiling'), kind: 'money', group: 'terms' },
  { path: 'credits_monthly', label: t('Credits a month'), kind: 'count', group: 'terms' },
  { path: 'quotas.tokens_month', label: t('Tokens a month'), kind: 'count', group: 'terms' },
  { path: 'quotas.jobs_month', label: t('Calls a month'), kind: 'count', group: 'terms' },
  { path: 'quotas.images_month', label: t('Images a month'), kind: 'count', group: 'terms' },
  { path: 'quotas.emails_month', label: t('Emails a month'), kind: 'count', group: 'terms' },
  { path: 'concurrency', label: t('Concurrent calls'), kind: 'count', group: 'terms' },
  { path: 'rate.rpm', label: t('Requests a minute'), kind: 'count', group: 'terms' },
  { path: 'request.output_tokens_max', label: t('Longest answer, in tokens'), kind: 'count', group: 'terms' },
  { path: 'request.credits_max', label: t('Credits one call may take'), kind: 'count', group: 'terms' },
  { path: 'priority', label: t('Priority'), kind: 'lane', group: 'terms' },
  { path: 'valid_from', label: t('From'), kind: 'day', group: 'time' },
  { path: 'valid_until', label: t('Until'), kind: 'day', group: 'time' },
  { path: 'accepted_loss.reason', label: t('Why a loss is accepted'), kind: 'text', group: 'loss' },
];

/** What stands in the fields, by the path of the term; empty: as the plan says. */
export type Draft = Readonly<Record<string, string>>;

function valueAt(overrides: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, step) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined),
      overrides,
    );
}

export function draftOf(overrides: Overrides): Draft {
  return Object.fromEntries(TERMS.map(({ path, kind }) => [path, written(valueAt(overrides, path), kind)]));
}

function written(value: unknown, kind: Kind): string {
  if (kind === 'money') return written(valueAt(value, 'amount'), 'text');
  if (kind === 'day') return typeof value === 'string' ? value.slice(0, 10) : '';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/**
 * The overrides that the fields stand for. What the page has no field for stays as it was, and so does a term whose field nobody
 * changed. `wrong`: the path of the first one that cannot be read.
 */
export function overridesFrom(
  draft: Draft,
  before: Overrides,
  currency: string,
): { readonly overrides: Overrides } | { readonly wrong: string } {
  const unchanged = draftOf(before);
  let overrides: Record<string, unknown> = structuredClone(before);
  for (const { path, kind } of TERMS) {
    const text = (draft[path] ?? '').trim();
    if (text === unchanged[path]) continue;
    const value = text === '' ? undefined : read(text, kind, currency);
    if (text !== '' && value === undefined) return { wrong: path };
    overrides = withValue(overrides, path.split('.'), value);
  }
  return { overrides };
}

function read(text: string, kind: Kind, currency: string): unknown {
  switch (kind) {
    case 'count': {
      const digits = text.replaceAll(/[,\s]/g, '');
      return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
    }
    case 'money': {
      const amount = readAmount(text);
      return amount === undefined ? undefined : { amount, currency };
    }
    case 'day':
      return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : undefined;
    case 'text':
    case 'lane':
      return text;
    default: {
      const never: never = kind;
      return never;
    }
  }
}

/** A copy with the value in its place; undefined takes it out, and with it what is then empty. */
function withValue(
  of: Record<string, unknown>,
  [step = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const { [step]: old, ...others } = of;
  const next = rest.length === 0 ? value : withValue((old ?? {}) as Record<string, unknown>, rest, value);
  const empty = next === undefined || (rest.length > 0 && Object.keys(next as object).length === 0);
  return empty ? others : { ...others, [step]: next };
}
