import type { CallPage, Operation, Session, Usage } from '@purser/api';
import { keepPreviousData, MutationCache, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import type { Path } from '../browser/route.ts';
import { compare, decimalOf } from '../words/amount.ts';
import { get, problemOf, ProblemError } from './client.ts';
import { pathWith } from './path-with.ts';

/** How often the meters are read again while the page is in view, and while something is held: then they are about to move. */
const METERS_EVERY_MS = 10_000;
const METERS_HELD_EVERY_MS = 1_500;

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

/** A page that a module of the server serves itself. */
export interface ModulePage {
  readonly path: Path;
  readonly label: string;
  readonly for: 'workspace' | 'operator';
}

export const modulePagesQuery = queryOptions({
  queryKey: ['pages'],
  staleTime: Infinity,
  queryFn: async ({ signal }) => (await get<{ pages: readonly ModulePage[] }>('/api/pages', { signal })).pages,
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
