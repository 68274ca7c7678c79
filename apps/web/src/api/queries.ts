import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query';
import { compare, decimalOf } from '../words/amount.ts';
import { get, problemOf, ProblemError } from './client.ts';
import type { AuditVerification, LedgerVerification, TrialBalanceRow, WorkspaceInFull, WorkspacePage } from './wire-operator.ts';
import type { CallPage, DailyUsage, Explained, Operation, Pack, Plan, ReceiptPage, Session, Usage } from './wire.ts';

/** How often the meters are read again while the page is in view, and while something is held: then they are about to move. */
const METERS_EVERY_MS = 10_000;
const METERS_HELD_EVERY_MS = 1_500;

/** The least the server gives in one page when there are more. */
const RECEIPTS_PAGE = 20;

/** A refusal stays a refusal however often it is asked for; only lost connections are worth a second try. */
function retry(failures: number, error: Error): boolean {
  return failures < 2 && problemOf(error).status === 0;
}

export function newQueryClient(): QueryClient {
  // A session that ended elsewhere, or by time, leads back to the door.
  const onError = (error: Error): void => {
    if (problemOf(error).status === 401) client.setQueryData(sessionQuery.queryKey, null);
  };
  const client = new QueryClient({
    defaultOptions: { queries: { retry, staleTime: 5_000, refetchOnWindowFocus: true } },
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
  });
  return client;
}

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Infinity,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      const session = await get<Session | { kind: null }>('/api/session', { signal });
      return session.kind === null ? null : session;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) return null;
      throw error;
    }
  },
});

export const operationsQuery = queryOptions({
  queryKey: ['operations'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<readonly Operation[]>('/api/operations', { signal }),
});

export const usageQuery = queryOptions({
  queryKey: ['usage'],
  queryFn: ({ signal }) => get<Usage>('/api/usage', { signal }),
  refetchInterval: ({ state }) =>
    state.data !== undefined && compare(decimalOf(state.data.credits.held), '0') > 0 ? METERS_HELD_EVERY_MS : METERS_EVERY_MS,
});

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

export const packsQuery = queryOptions({
  queryKey: ['packs'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<readonly Pack[]>('/api/packs', { signal }),
});

export const plansQuery = queryOptions({
  queryKey: ['plans'],
  staleTime: Infinity,
  queryFn: ({ signal }) => get<readonly Plan[]>('/api/plans', { signal }),
});

export const receiptsQuery = infiniteQueryOptions({
  queryKey: ['receipts'],
  initialPageParam: '',
  queryFn: ({ pageParam, signal }) => get<ReceiptPage>(pathWith('/api/marketplace/receipts', { before: pageParam }), { signal }),
  getNextPageParam: (last) => (last.receipts.length < RECEIPTS_PAGE ? undefined : last.receipts.at(-1)?.id),
});

export function pathWith(path: string, params: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

export const CALLS_PAGE = 25;
/** Of the reader’s own calls, whichever page of them. */
export const CALLS_KEY = ['calls'];

/** Of the reader’s own workspace, or of one that an operator looks at. */
export function callsQuery(cursor?: string, limit = CALLS_PAGE, workspace_id?: string) {
  return queryOptions({
    queryKey: workspace_id === undefined ? [...CALLS_KEY, cursor, limit] : ['admin', 'calls', workspace_id, cursor, limit],
    queryFn: ({ signal }) => get<CallPage>(pathWith('/api/calls', { cursor, limit: String(limit) }), { signal, workspace_id }),
    placeholderData: keepPreviousData,
  });
}

/** What was used day by day. */
export function dailyUsageQuery(from: string, workspace_id?: string) {
  return queryOptions({
    queryKey: workspace_id === undefined ? ['usage', 'daily', from] : ['admin', 'daily', workspace_id, from],
    queryFn: ({ signal }) => get<DailyUsage>(pathWith('/api/usage/daily', { from }), { signal, workspace_id }),
    placeholderData: keepPreviousData,
  });
}

export const trialBalanceQuery = queryOptions({
  queryKey: ['admin', 'trial-balance'],
  queryFn: ({ signal }) => get<readonly TrialBalanceRow[]>('/api/admin/ledger/trial-balance', { signal }),
});

export const verifyLedger = (): Promise<LedgerVerification> => get<LedgerVerification>('/api/admin/ledger/verify');

export const verifyAudit = (): Promise<AuditVerification> => get<AuditVerification>('/api/admin/audit/verify');

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
