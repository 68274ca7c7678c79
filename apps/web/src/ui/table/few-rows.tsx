import type { ReactNode } from 'react';

import { t } from '../../words/translate.ts';
import { BodyCell, type Column } from './table.tsx';

interface FewRowsProps<Row> {
  readonly label: string;
  /** Over the table; absent: what stands around it says what it is. */
  readonly caption?: ReactNode;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** On a phone: a card for each row; figures to compare stay beside each other. */
  readonly narrow?: 'cards' | 'columns';
}

/** Few rows that are all there: nothing to order, filter or page. Where they are wider than the screen they are moved sideways. */
export function FewRows<Row>({ label, caption, columns, rows, keyOf, narrow = 'cards' }: FewRowsProps<Row>) {
  const totals = columns.some(({ total }) => total !== undefined);
  return (
    <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table role="table" aria-label={label} className={`figures ${narrow === 'cards' ? 'data-table' : 'figure-table'}`}>
        {caption === undefined ? null : <caption className="narrow pb-1 text-left text-xl font-semibold">{caption}</caption>}
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ key, label: name, align, wide }) => (
              <th
                key={key}
                role="columnheader"
                scope="col"
                className={`${align === 'right' ? 'text-right' : 'text-left'} ${wide ? 'max-lg:hidden' : ''}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={keyOf(row)}>
              {columns.map((column) => (
                <BodyCell key={column.key} column={column}>
                  {column.cell(row)}
                </BodyCell>
              ))}
            </tr>
          ))}
        </tbody>
        {totals ? (
          <tfoot role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <BodyCell key={column.key} column={{ ...column, total: column.head ? t('Sum') : column.total }} total>
                  {column.total ?? ''}
                </BodyCell>
              ))}
            </tr>
          </tfoot>
        ) : null}
      </table>
    </div>
  );
}
