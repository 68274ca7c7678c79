import type { AlertGroup, AlertGroupPage, AlertSettings, UndeliveredPage, WantedAlertSettings } from '@purser/api';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { change, get, post } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';
import { alertsKey, alertsPath, EVERY_MS } from './count.ts';

const ALERTS_PAGE = 25;

/** Whose alerts: a workspace’s own, or the operator’s of all. */
export interface AlertScope {
  readonly operator: boolean;
  readonly workspace_id?: string | undefined;
}

export interface AlertSearch {
  readonly unseen: boolean;
  readonly kind?: string;
  readonly severity?: string;
  readonly cursor?: string | undefined;
}

export function alertGroupsQuery({ operator, workspace_id }: AlertScope, { unseen, ...search }: AlertSearch) {
  return queryOptions({
    queryKey: [...alertsKey(operator), 'groups', workspace_id, unseen, search],
    queryFn: ({ signal }) =>
      get<AlertGroupPage>(
        pathWith(`${alertsPath(operator)}/groups`, {
          workspace_id,
          ...search,
          unseen: unseen ? '1' : undefined,
          limit: String(ALERTS_PAGE),
        }),
        { signal },
      ),
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
}

/** What the server tells of to this reader, modules included. */
export const alertKindsQuery = queryOptions({
  queryKey: ['alert-kinds'],
  staleTime: Infinity,
  queryFn: async ({ signal }) => (await get<{ kinds: readonly AlertKind[] }>('/api/alerts/kinds', { signal })).kinds,
});

interface AlertKind {
  readonly kind: string;
  readonly title: string;
}

export interface Acknowledged {
  readonly through: string;
  readonly kind?: string;
  readonly subject?: string;
  readonly severity?: string;
  readonly workspace_id?: string;
}

/** Of one group, or of all that a filter shows, up to the newest that was looked at. */
export const acknowledge = (operator: boolean, wanted: Acknowledged): Promise<{ readonly acknowledged: number }> =>
  post(`${alertsPath(operator)}/seen`, wanted);

/** What acknowledges a group, and nothing else. */
export function marksOf(operator: boolean, { newest, kind, subject, workspace_id }: AlertGroup): Acknowledged {
  return { through: newest, kind, subject, ...(operator ? { workspace_id } : {}) };
}

export function alertSettingsQuery(operator: boolean) {
  return queryOptions({
    queryKey: [...alertsKey(operator), 'settings'],
    queryFn: ({ signal }) => get<AlertSettings>(`${alertsPath(operator)}/settings`, { signal }),
  });
}

/** All of them at once; the answer shows the secret of a webhook that is new, this once. */
export const replaceAlertSettings = (operator: boolean, wanted: WantedAlertSettings): Promise<AlertSettings> =>
  change<AlertSettings>('PUT', `${alertsPath(operator)}/settings`, wanted);

/** So many the server gives at once. */
export const UNDELIVERED_PAGE = 100;

export function undeliveredQuery(cursor: string | undefined) {
  return queryOptions({
    queryKey: ['admin', 'alerts', 'undelivered', cursor],
    queryFn: ({ signal }) => get<UndeliveredPage>(pathWith('/api/admin/alerts/undelivered', { cursor }), { signal }),
    placeholderData: keepPreviousData,
  });
}

export const sendAgain = (id: string): Promise<{ id: string }> =>
  post<{ id: string }>(`/api/admin/alerts/undelivered/${id}/retry`, undefined);
