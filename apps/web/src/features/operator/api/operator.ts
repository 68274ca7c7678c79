import type { FraudWeek, Ladders, LicenseRecord, Overrides, Workspace as WorkspaceInFull } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';
import type { Quantity } from '../../../words/amount.ts';
import { change, get, newIdempotencyKey, post } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';

export interface WorkspaceChange {
  readonly plan?: string;
  readonly license?: string;
  /** Replaces all that were agreed before. */
  readonly overrides?: Overrides;
}

export const changeWorkspace = (id: string, wanted: WorkspaceChange): Promise<WorkspaceInFull> =>
  change<WorkspaceInFull>('PATCH', `/api/admin/workspaces/${id}`, wanted);

export function licenseRecordQuery(id: string) {
  return queryOptions({
    queryKey: ['admin', 'license', id],
    queryFn: ({ signal }) => get<LicenseRecord>(`/api/admin/workspaces/${id}/license`, { signal }),
  });
}

export interface Gift {
  readonly workspace_id: string;
  readonly credits: number;
  readonly expires_at?: string;
  readonly reason: string;
}

export const giveCredits = (gift: Gift): Promise<Gift> =>
  post<Gift>('/api/admin/credits/gift', gift, { idempotency_key: newIdempotencyKey() });

/** A gift as it stands: what is spent of it, and what taking it back would take. */
export interface GivenGift {
  readonly id: string;
  readonly given_at: string;
  readonly expires_at: string | null;
  readonly reason: string | null;
  readonly credits: Quantity;
  readonly used: Quantity;
  readonly held: Quantity;
  readonly left: Quantity;
}

export function giftsQuery(workspace_id: string) {
  return queryOptions({
    queryKey: ['admin', 'gifts', workspace_id],
    queryFn: ({ signal }) =>
      get<{ readonly gifts: readonly GivenGift[] }>(pathWith('/api/admin/credits/gifts', { workspace_id }), { signal }),
  });
}

export const takeBackGift = (id: string, reason: string): Promise<{ readonly taken: Quantity; readonly held: Quantity }> =>
  post(`/api/admin/credits/gifts/${id}/take-back`, { reason });

export const laddersQuery = queryOptions({
  queryKey: ['admin', 'ladders'],
  queryFn: ({ signal }) => get<Ladders>('/api/admin/ladder', { signal }),
  refetchInterval: 10_000,
});

export const setFreeze = (on: boolean): Promise<{ on: boolean }> => post<{ on: boolean }>('/api/admin/freeze', { on });

export const acknowledgeAlert = (id: string): Promise<unknown> => post(`/api/admin/alerts/${id}/seen`, undefined);

export function fraudQuery(from: string) {
  return queryOptions({
    queryKey: ['admin', 'fraud', from],
    queryFn: ({ signal }) => get<readonly FraudWeek[]>(pathWith('/api/admin/reports/fraud', { from }), { signal }),
  });
}
