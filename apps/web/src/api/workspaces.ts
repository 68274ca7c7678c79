import type { Workspace as WorkspaceInFull, WorkspacePage } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';

import { get } from './client.ts';
import { pathWith } from './path-with.ts';

/** One workspace, by its id or the founder’s name for it. */
export function workspaceQuery(id: string) {
  return queryOptions({
    queryKey: ['admin', 'workspace', id],
    queryFn: ({ signal }) => get<WorkspaceInFull>(`/api/admin/workspaces/${encodeURIComponent(id)}`, { signal }),
  });
}

/** One page is enough to pick from; beyond it one searches. */
export function workspacesQuery(search = '') {
  return queryOptions({
    queryKey: ['admin', 'workspaces', search],
    queryFn: ({ signal }) => get<WorkspacePage>(pathWith('/api/admin/workspaces', { search, limit: '100' }), { signal }),
  });
}
