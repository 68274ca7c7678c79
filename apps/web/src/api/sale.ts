import type { Pack, Plan, ReceiptPage } from '@purser/api';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { get } from './client.ts';
import { pathWith } from './path-with.ts';

/** The least the server gives in one page when there are more. */
const RECEIPTS_PAGE = 20;

export const packsQuery = queryOptions({
  queryKey: ['packs'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<readonly Pack[]>('/api/packs', { signal }),
});

export const plansQuery = queryOptions({
  queryKey: ['plans'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<readonly Plan[]>('/api/plans', { signal }),
});

export const receiptsQuery = infiniteQueryOptions({
  queryKey: ['receipts'],
  initialPageParam: '',
  queryFn: ({ pageParam, signal }) => get<ReceiptPage>(pathWith('/api/marketplace/receipts', { before: pageParam }), { signal }),
  getNextPageParam: (last) => (last.receipts.length < RECEIPTS_PAGE ? undefined : last.receipts.at(-1)?.id),
});
