import type { Pack, Plan, ReceiptPage } from '@purser/api';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get } from './client.ts';
import { pathWith } from './path-with.ts';

export const RECEIPTS_PAGE = 20;

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

export function receiptsQuery(cursor: string | undefined) {
  return queryOptions({
    queryKey: ['receipts', cursor],
    queryFn: ({ signal }) =>
      get<ReceiptPage>(pathWith('/api/marketplace/receipts', { cursor, limit: String(RECEIPTS_PAGE) }), { signal }),
    placeholderData: keepPreviousData,
  });
}
