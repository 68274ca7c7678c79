import type { InvoiceLines, StatementPage } from '@purser/api';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get } from '../../../api/client.ts';
import { pathWith } from '../../../api/path-with.ts';

export const STATEMENT_PAGE = 30;

/** Movements from a day on; without one, all there are. */
export function statementQuery(from: string | undefined, cursor: string | undefined) {
  return queryOptions({
    queryKey: ['statement', from, cursor],
    queryFn: ({ signal }) =>
      get<StatementPage>(pathWith('/api/statement', { from, cursor, limit: String(STATEMENT_PAGE) }), { signal }),
    placeholderData: keepPreviousData,
  });
}

export const statementCsv = (from: string | undefined): string => pathWith('/api/statement', { from, format: 'csv' });

export const invoiceLinesQuery = queryOptions({
  queryKey: ['invoice-lines'],
  queryFn: ({ signal }) => get<InvoiceLines>('/api/billing/invoice-lines', { signal }),
});
