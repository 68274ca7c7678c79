import type {
  AuditPage,
  FraudPage,
  MarginPage,
  MarginStep,
  Overview,
  PostingPage,
  Transaction,
  WorkspacePage,
} from '@purser/api';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';
import type { UnresolvedPage } from './unresolved.ts';

/** How many rows a page of a table has. */
export const PAGE = 50;
const OVERVIEW_EVERY_MS = 60_000;

type Wanted = Readonly<Record<string, string | undefined>>;

/** A page of rows: what is asked is what its key says. */
function page<Answer>(name: string, path: string, wanted: Wanted, limit = String(PAGE)) {
  return queryOptions({
    queryKey: ['admin', name, wanted],
    queryFn: ({ signal }) => get<Answer>(pathWith(path, { ...wanted, limit }), { signal }),
    placeholderData: keepPreviousData,
  });
}

export const workspaceTable = (wanted: Wanted) => page<WorkspacePage>('workspaces', '/api/admin/workspaces', wanted);
export const workspacesCsv = (wanted: Wanted): string => pathWith('/api/admin/workspaces', { ...wanted, format: 'csv' });

export type MarginBy = 'plan' | 'workspace' | 'pack' | 'model' | 'month';
export const marginTable = (wanted: Wanted) => page<MarginPage>('margin', '/api/admin/reports/margin/rows', wanted);
export const marginCsv = (wanted: Wanted): string => pathWith('/api/admin/reports/margin/rows', { ...wanted, format: 'csv' });

export const entryTable = (wanted: Wanted) => page<PostingPage>('entries', '/api/admin/ledger', wanted);
export const auditTable = (wanted: Wanted) => page<AuditPage>('audit', '/api/admin/audit', wanted);

export const unresolvedTable = (wanted: Wanted) => page<UnresolvedPage>('unresolved', '/api/admin/unresolved', wanted);

/** So many flags the server gives at once, with who spent what in the hour of each. */
export const FLAGS_PAGE = 20;
export const fraudTable = (wanted: Wanted) => page<FraudPage>('fraud-flags', '/api/admin/fraud', wanted, '');

export function marginTrendQuery(from: string | undefined, to: string | undefined, step: 'day' | 'month') {
  return queryOptions({
    queryKey: ['admin', 'margin-trend', from, to, step],
    queryFn: ({ signal }) =>
      get<readonly MarginStep[]>(pathWith('/api/admin/reports/margin/trend', { from, to, step }), { signal }),
    placeholderData: keepPreviousData,
  });
}

export const overviewQuery = queryOptions({
  queryKey: ['admin', 'overview'],
  queryFn: ({ signal }) => get<Overview>('/api/admin/overview', { signal }),
  refetchInterval: OVERVIEW_EVERY_MS,
});

export function transactionQuery(id: string) {
  return queryOptions({
    queryKey: ['admin', 'transaction', id],
    queryFn: ({ signal }) => get<Transaction>(`/api/admin/transactions/${encodeURIComponent(id)}`, { signal }),
  });
}
