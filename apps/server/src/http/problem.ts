import { type Offer, REFUSALS, type Refusal, type RefusalCode } from '@purser/core';
import type { View } from '@purser/catalog';
import { withoutAmounts } from '@purser/money';
import { z } from 'zod';

import { asPrice } from './shown.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** An RFC 9457 problem: the shape of every answer that is not a success, outside `/v1`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode | 'internal';
  readonly detail?: string;
  /** Seconds; the same as the `Retry-After` header. */
  readonly retry_after?: number;
  readonly offers?: readonly Offer[];
}

/** What a caller learns when something of ours broke: that it did, and nothing else. */
export const INTERNAL: Problem = {
  type: '/problems/internal',
  title: 'Something broke on our side; it is logged under the request id',
  status: 500,
  code: 'internal',
};

/** Codes whose 429 or 503 names a wait even when the room that refused knew none. */
const WAIT_SECONDS_DEFAULT: Partial<Record<number, number>> = { 429: 1, 503: 1 };

/** The problem that tells a refusal; where credits are shown, without what names a cost in money. */
export function problemOf(refusal: Refusal, view: View): Problem {
  const { status, title } = REFUSALS[refusal.code];
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

export const offerSchema = z.object({
  kind: z.enum(['pack', 'upgrade', 'pay', 'wait', 'contact']),
  id: z.string(),
  text: z.string(),
  price: asPrice().optional(),
});

export const problemSchema = z
  .object({
    type: z.string().describe('A URI reference that names the kind of problem.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; clients branch on it.'),
    detail: z.string().optional().describe('One plain sentence: what was wrong, what was given, what is wanted.'),
    retry_after: z.int().optional().describe('Seconds to wait before the same request may succeed.'),
    offers: z.array(offerSchema).optional().describe('What the caller can buy or do.'),
  })
  .describe('RFC 9457 problem');
