import { infiniteQueryOptions } from '@tanstack/react-query';

import { get, post } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';
import type { Money } from '../../../words/amount.ts';

/** A call that a provider may have billed, while nobody knows. */
export interface UnresolvedCall {
  readonly transaction_id: string;
  readonly workspace_id: string;
  readonly provider: string;
  readonly model: string | null;
  readonly cause: string;
  readonly counted: boolean;
  readonly since: string;
  readonly cost: Money;
}

interface UnresolvedPage {
  readonly unresolved: readonly UnresolvedCall[];
  readonly next_cursor: string | null;
}

export const unresolvedQuery = infiniteQueryOptions({
  queryKey: ['admin', 'unresolved'],
  initialPageParam: '',
  queryFn: ({ pageParam, signal }) => get<UnresolvedPage>(pathWith('/api/admin/unresolved', { cursor: pageParam }), { signal }),
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});

export interface Resolution {
  readonly transaction_ids: readonly string[];
  readonly verdict: 'billed' | 'not_billed';
  readonly reason: string;
}

export const resolveCalls = (resolution: Resolution): Promise<{ resolved: number }> =>
  post<{ resolved: number }>('/api/admin/unresolved/resolve', resolution);
