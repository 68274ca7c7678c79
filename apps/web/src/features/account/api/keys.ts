import type { CreatedKey, Key } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get, newIdempotencyKey, post } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';

/** Whose keys: of the reader’s own workspace; of one that an operator looks at; or of the founder’s backend, which act for any. */
export type KeyScope =
  | { readonly of: 'own' }
  | { readonly of: 'workspace'; readonly workspace_id: string }
  | { readonly of: 'platform' };

const workspaceOf = (scope: KeyScope): string | undefined => (scope.of === 'workspace' ? scope.workspace_id : undefined);
const pathOf = (scope: KeyScope): string => (scope.of === 'own' ? '/api/keys' : '/api/admin/keys');

export function keysQuery(scope: KeyScope) {
  return queryOptions({
    queryKey: scope.of === 'own' ? ['keys'] : ['admin', 'keys', workspaceOf(scope) ?? 'platform'],
    queryFn: async ({ signal }) =>
      (await get<{ keys: readonly Key[] }>(pathWith(pathOf(scope), { workspace_id: workspaceOf(scope) }), { signal })).keys,
  });
}

export const makeKey = (scope: KeyScope, name: string): Promise<CreatedKey> =>
  post<CreatedKey>(
    pathOf(scope),
    { name, ...(scope.of === 'workspace' ? { workspace_id: scope.workspace_id } : {}) },
    { idempotency_key: newIdempotencyKey() },
  );

export const revokeKey = (scope: KeyScope, id: string): Promise<Key> => change<Key>('DELETE', `${pathOf(scope)}/${id}`);
