import type { CatalogText, ComparedRollout, Rollout } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get, post } from '../../../api/client.ts';

/** What is being compared moves with every call. */
const COMPARED_EVERY_MS = 10_000;

export const catalogTextQuery = queryOptions({
  queryKey: ['admin', 'catalog'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<CatalogText>('/api/admin/catalog', { signal }),
});

export const rolloutsQuery = queryOptions({
  queryKey: ['admin', 'rollouts'],
  queryFn: ({ signal }) => get<readonly Rollout[]>('/api/admin/rollouts', { signal }),
});

export function comparedQuery({ id, state }: Pick<Rollout, 'id' | 'state'>) {
  return queryOptions({
    queryKey: ['admin', 'rollouts', id],
    queryFn: ({ signal }) => get<ComparedRollout>(`/api/admin/rollouts/${id}`, { signal }),
    refetchInterval: state === 'running' ? COMPARED_EVERY_MS : false,
  });
}

export const beginRollout = (wanted: { readonly catalog: string; readonly share: number }): Promise<Rollout> =>
  post<Rollout>('/api/admin/rollouts', wanted);

export type RolloutMove = { readonly share: number } | { readonly state: 'completed' | 'rolled_back' };

export const moveRollout = (id: string, move: RolloutMove): Promise<Rollout> =>
  change<Rollout>('PATCH', `/api/admin/rollouts/${id}`, move);
