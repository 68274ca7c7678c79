import type { Problem } from '@purser/api';
import { type Refusal, refusalKind } from '@purser/core';
import type { View } from '@purser/catalog';
import { withoutAmounts } from '@purser/money';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** What a caller learns when something of ours broke: that it did, and nothing else. */
export const INTERNAL: Problem = {
  type: '/problems/internal',
  title: 'An internal error; it is logged under the request id',
  status: 500,
  code: 'internal',
};

/** Codes whose 429 or 503 names a wait even when what refused knew none. */
const WAIT_SECONDS_DEFAULT: Partial<Record<number, number>> = { 429: 1, 503: 1 };

/** The problem that tells a refusal; where credits are shown, without what names a cost in money. */
export function problemOf(refusal: Refusal, view: View): Problem {
  const { status, title } = refusalKind(refusal.code);
  const detail = view === 'credits' ? withoutAmounts(refusal.detail) : refusal.detail;
  const wait = refusal.retryAfterSeconds ?? WAIT_SECONDS_DEFAULT[status];
  return {
    type: `/problems/${refusal.code}`,
    title,
    status,
    code: refusal.code,
    ...(detail !== '' && { detail }),
    ...(wait !== undefined && { retry_after: Math.max(1, Math.ceil(wait)) }),
    ...(refusal.offers !== undefined && refusal.offers.length > 0 && { offers: refusal.offers }),
  };
}
