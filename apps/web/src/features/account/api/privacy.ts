import { change } from '../../../api/client.ts';

/** An erasure that was begun: nobody gets in any more, and what is stored is being erased. */
export interface BegunErasure {
  readonly id: string;
  readonly state: 'running' | 'done';
}

export const EXPORT_WORKSPACE = '/api/workspace/export';
export const EXPORT_PERSON = '/api/persons/me/export';
export const exportOf = (workspace_id: string): string => `/api/admin/workspaces/${encodeURIComponent(workspace_id)}/export`;

/** As the owner; or as an operator, who names it. */
export const deleteWorkspace = (confirm: string, workspace_id?: string): Promise<BegunErasure> =>
  change<BegunErasure>(
    'DELETE',
    workspace_id === undefined ? '/api/workspace' : `/api/admin/workspaces/${encodeURIComponent(workspace_id)}`,
    { confirm },
  );

export const deleteAccount = (confirm: string, delete_workspaces: boolean): Promise<BegunErasure> =>
  change<BegunErasure>('DELETE', '/api/persons/me', { confirm, delete_workspaces });
