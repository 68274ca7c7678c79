import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { change, get, post } from '../../../api/client.ts';
import { pathWith } from '../../../api/queries.ts';
import type { UndeliveredPage } from '../../../api/wire-operator.ts';
import type { Alert, AlertKind, AlertPage, AlertSettings, WantedAlertSettings } from '../../../api/wire.ts';

/** Whose alerts: a workspace’s own, or the operator’s of all. */
export interface AlertScope {
  readonly operator: boolean;
  readonly kind?: AlertKind | undefined;
  readonly workspace_id?: string | undefined;
  readonly unseen: boolean;
}

const base = (operator: boolean): string => (operator ? '/api/admin/alerts' : '/api/alerts');
const key = (operator: boolean): readonly string[] => (operator ? ['admin', 'alerts'] : ['alerts']);

export function alertsQuery({ operator, kind, workspace_id, unseen }: AlertScope) {
  return infiniteQueryOptions({
    queryKey: [...key(operator), 'list', kind, workspace_id, unseen],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      get<AlertPage>(
        pathWith(base(operator), { kind, workspace_id, unseen: unseen ? '1' : undefined, cursor: pageParam, limit: '25' }),
        { signal },
      ),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export const markSeen = ({ operator }: AlertScope, id: string): Promise<Alert> =>
  post<Alert>(`${base(operator)}/${id}/seen`, undefined);

export function alertSettingsQuery(operator: boolean) {
  return queryOptions({
    queryKey: [...key(operator), 'settings'],
    queryFn: ({ signal }) => get<AlertSettings>(`${base(operator)}/settings`, { signal }),
  });
}

/** All of them at once; the answer shows the secret of a webhook that is new, this once. */
export const replaceAlertSettings = (operator: boolean, wanted: WantedAlertSettings): Promise<AlertSettings> =>
  change<AlertSettings>('PUT', `${base(operator)}/settings`, wanted);

export const undeliveredQuery = infiniteQueryOptions({
  queryKey: ['admin', 'alerts', 'undelivered'],
  initialPageParam: '',
  queryFn: ({ pageParam, signal }) =>
    get<UndeliveredPage>(pathWith('/api/admin/alerts/undelivered', { cursor: pageParam }), { signal }),
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});

export const sendAgain = (id: string): Promise<{ id: string }> =>
  post<{ id: string }>(`/api/admin/alerts/undelivered/${id}/retry`, undefined);
