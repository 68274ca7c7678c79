import type { DailyUsage, Explained, Usage } from '@purser/api';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get } from './client.ts';
import { pathWith } from './path-with.ts';

/** What an operator sees of another workspace: the same figures, and where each comes from. */
export function usageOf(workspace_id: string) {
  return queryOptions({
    queryKey: ['admin', 'usage', workspace_id],
    queryFn: ({ signal }) => get<Usage & { policy: readonly Explained[] }>('/api/usage?explain=1', { signal, workspace_id }),
  });
}

/** Every value of the reader’s own policy, and where it came from. */
export const policyQuery = queryOptions({
  queryKey: ['usage', 'policy'],
  queryFn: async ({ signal }) => (await get<Usage & { policy: readonly Explained[] }>('/api/usage?explain=1', { signal })).policy,
});

/** What was used day by day. */
export function dailyUsageQuery(from: string, workspace_id?: string) {
  return queryOptions({
    queryKey: workspace_id === undefined ? ['usage', 'daily', from] : ['admin', 'daily', workspace_id, from],
    queryFn: ({ signal }) => get<DailyUsage>(pathWith('/api/usage/daily', { from }), { signal, workspace_id }),
    placeholderData: keepPreviousData,
  });
}
