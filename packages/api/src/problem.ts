import type { Offer as RefusalOffer } from '@purser/core';
import { z } from 'zod';

import { asPrice } from './shown.ts';

/** An RFC 9457 problem: the shape of every answer that is not a success, outside `/v1`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  /** Seconds; the same as the `Retry-After` header. */
  readonly retry_after?: number;
  readonly offers?: readonly RefusalOffer[];
}

export const offerSchema = z.object({
  kind: z.enum(['pack', 'upgrade', 'pay', 'wait', 'contact']),
  id: z.string(),
  text: z.string(),
  price: asPrice().optional(),
});

export type Offer = z.infer<typeof offerSchema>;

export const problemSchema = z
  .object({
    type: z.string().describe('A URI reference that names the kind of problem.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; clients branch on it.'),
    detail: z.string().optional().describe('One plain sentence: what was wrong, what was given, what is wanted.'),
    retry_after: z.int().optional().describe('Seconds to wait before the same request may succeed.'),
    offers: z.array(offerSchema).optional().describe('What the caller can buy or do about it.'),
  })
  .describe('RFC 9457 problem');
