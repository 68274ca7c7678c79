import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from '../../../api/client.ts';
import { pathWith } from '../../../api/queries.ts';
import type { InvoiceLines, StatementPage } from '../../../api/wire.ts';

/** Movements from a day on; without one, all there are. */
export function statementQuery(from: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['statement', from],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      get<StatementPage>(pathWith('/api/statement', { from, cursor: pageParam, limit: '30' }), { signal }),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

export const statementCsv = (from: string | undefined): string => pathWith('/api/statement', { from, format: 'csv' });

export const invoiceLinesQuery = queryOptions({
  queryKey: ['invoice-lines'],
  queryFn: ({ signal }) => get<InvoiceLines>('/api/billing/invoice-lines', { signal }),
});
