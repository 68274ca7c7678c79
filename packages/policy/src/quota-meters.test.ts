import { newId } from '@purser/database';
import { QUOTAS } from '@purser/catalog';
import { meterId } from '@purser/meters';
import { expect, test } from 'vitest';

import { quotaMeter, type QuotaTerms } from './quota-meters.ts';

const billing_period = {
  start: Temporal.Instant.from('2026-01-31T10:00:00Z'),
  end: Temporal.Instant.from('2026-02-28T10:00:00Z'),
};
const termsIn = (timezone: string, quotas: QuotaTerms['quotas']): QuotaTerms => ({
  workspace: { id: newId<'workspace'>(), timezone },
  catalog: { quotas: QUOTAS },
  quotas,
  billing_period,
});
const at = (text: string) => Temporal.Instant.from(text);
const span = (meter: ReturnType<typeof quotaMeter>) => [meter?.window_start.toString(), meter?.window_end?.toString()];

test('T5 days and weeks are those of the workspace’s zone, weeks from Monday, months those of its billing', () => {
  const terms = termsIn('Asia/Bangkok', { jobs_day: 5n, jobs_week: 20n, emails_month: 9n, tokens_day: 7n });
  const now = at('2026-02-01T18:00:00Z');
  expect(span(quotaMeter('jobs_day', terms, { now }))).toEqual(['2026-02-01T17:00:00Z', '2026-02-02T17:00:00Z']);
  expect(span(quotaMeter('jobs_week', terms, { now }))).toEqual(['2026-02-01T17:00:00Z', '2026-02-08T17:00:00Z']);
  expect(span(quotaMeter('emails_month', terms, { now }))).toEqual([
    billing_period.start.toString(),
    billing_period.end.toString(),
  ]);
  expect(quotaMeter('images_month', terms, { now })).toBeUndefined();
  const berlin = termsIn('Europe/Berlin', { jobs_day: 5n });
  expect(span(quotaMeter('jobs_day', berlin, { now: at('2026-03-29T12:00:00Z') }))).toEqual([
    '2026-03-28T23:00:00Z',
    '2026-03-29T22:00:00Z',
  ]);
});

test('T5 a quota of a resource begins when that was made and never starts anew; each resource, user and platform has its own', () => {
  const terms = termsIn('UTC', { finals_post: 9n, posts_platform_week: 2n, emails_user_day: 300n });
  const made_at = at('2026-02-01T00:00:00Z');
  const first = quotaMeter('finals_post', terms, { now: at('2026-02-01T00:00:05Z'), of: 'post-1', made_at });
  expect(first).toMatchObject({ key: 'finals_post:post-1', unit: 'image', cap: 9n, window_start: made_at, window_end: null });
  const later = quotaMeter('finals_post', terms, { now: at('2029-02-01T00:00:00Z'), of: 'post-1', made_at });
  expect(meterId(later!)).toBe(meterId(first!));
  const now = at('2026-02-01T00:00:00Z');
  const keys = ['x', 'instagram'].map((of) => meterId(quotaMeter('posts_platform_week', terms, { now, of })!));
  expect(new Set(keys).size).toBe(2);
  expect(quotaMeter('emails_user_day', terms, { now, of: 'u'.repeat(10_000) })?.key).toHaveLength('emails_user_day:'.length + 64);
});
