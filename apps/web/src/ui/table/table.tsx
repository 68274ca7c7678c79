import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, Download } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useDeferredValue, useId, useRef } from 'react';

import { navigate, type Path } from '../../browser/route.ts';
import { formatCount } from '../../words/amount.ts';
import { t } from '../../words/translate.ts';
import { Button } from '../button.tsx';
import { FileLink } from '../file-link.tsx';
import { Loading } from '../loading.tsx';
import { Empty, Failed } from '../states.tsx';
import { type Filter, Filters } from './filters.tsx';
import type { TableState } from './state.ts';

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  /** What the server orders by; a minus in front turns it round. Absent: nobody orders by it. */
  readonly sort?: string;
  /** The order that a first press asks for. */
  readonly first?: 'up' | 'down';
  readonly align?: 'right';
  /** What a row is known by: it is read out first. */
  readonly head?: true;
  /** Of all rows together. */
  readonly total?: ReactNode;
  /** Left out on a narrow screen. */
  readonly wide?: true;
}

/** What a query of a page of rows says. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
  /** Of all pages; absent: counting them would take too long. */
  readonly total?: number;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly state: TableState;
  readonly query: {
    readonly data: Rows<Row> | undefined;
    readonly isPending: boolean;
    readonly isFetching: boolean;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
  readonly keyOf: (row: Row) => string;
  /** The page of a row: a press, or Enter, goes there. */
  readonly open?: (row: Row) => Path | undefined;
  readonly filters?: readonly Filter[];
  /** What the search field says; absent: there is none. */
  readonly search?: string;
  /** Where all rows, as filtered, are a file. */
  readonly csv?: string;
  readonly page_size: number;
  readonly empty: { readonly title: string; readonly text: string };
}

/** The one table: ordered and filtered at the server, a page at a time; every row by keyboard; on a phone each row is a card. */
export function Table<Row>({
  label,
  columns,
  state,
  query,
  keyOf,
  open,
  filters = [],
  search,
  csv,
  page_size,
  empty,
}: TableProps<Row>) {
  const sorts = columns.filter(({ sort }) => sort !== undefined);
  // Rows are many: they follow in their own time, so that a press or a key is answered before them.
  const shown = useDeferredValue(
    query.data === undefined ? null : (
      <>
        {query.data.rows.length === 0 ? (
          <Empty title={filtered(state, filters) ? t('Nothing matches') : empty.title}>
            {filtered(state, filters) ? t('Change or remove a filter to see more.') : empty.text}
          </Empty>
        ) : (
          <Body
            label={label}
            columns={columns}
            state={state}
            rows={query.data.rows}
            keyOf={keyOf}
            open={open}
            busy={query.isFetching}
          />
        )}
        <Pages data={query.data} state={state} page_size={page_size} />
      </>
    ),
  );
  return (
    <div data-testid="table">
      <Filters label={label} filters={filters} search={search} state={state}>
        {sorts.length === 0 ? null : <SortChoice columns={sorts} state={state} />}
        {csv === undefined ? null : (
          <FileLink
            href={csv}
            className="ml-auto flex min-h-10 items-center gap-1.5 font-semibold text-store underline underline-offset-3"
          >
            <Download size={16} aria-hidden="true" /> {t('CSV')}
          </FileLink>
        )}
      </Filters>
      {query.isPending ? <Loading what={label} lines={6} /> : null}
      {query.error !== null && query.data === undefined ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : null}
      {shown}
    </div>
  );
}

function filtered(state: TableState, filters: readonly Filter[]): boolean {
  return state.value('q') !== '' || filters.some(({ name, standard = '' }) => (state.value(name) || standard) !== standard);
}

interface BodyProps<Row> extends Pick<TableProps<Row>, 'label' | 'columns' | 'state' | 'keyOf'> {
  readonly rows: readonly Row[];
  readonly open: TableProps<Row>['open'] | undefined;
  readonly busy: boolean;
}

function Body<Row>({ label, columns, state, rows, keyOf, open, busy }: BodyProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const id = useId();
  const totals = columns.some(({ total }) => total !== undefined);
  // The roles are written out: on a phone the rows are laid out as cards, and a browser then forgets that they are a table.
  return (
    <table role="table" aria-label={label} aria-busy={busy} aria-describedby={id} className="data-table figures">
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <HeadCell key={column.key} column={column} state={state} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body} onKeyDown={(event) => moveFocus(event, body.current)}>
        {rows.map((row, place) => {
          const path = open?.(row);
          return (
            <tr
              role="row"
              key={keyOf(row)}
              tabIndex={place === 0 ? 0 : -1}
              data-path={path}
              className={path === undefined ? '' : 'cursor-pointer'}
              onFocus={(event) => onlyStop(event.currentTarget)}
              onClick={(event) => {
                const inside =
                  event.target instanceof Element && event.target.closest('a, button, input, select, label, summary');
                if (path !== undefined && !inside && window.getSelection()?.isCollapsed !== false) navigate(path);
              }}
            >
              {columns.map((column) => (
                <BodyCell key={column.key} column={column}>
                  {column.cell(row)}
                </BodyCell>
              ))}
            </tr>
          );
        })}
      </tbody>
      {totals ? (
        <tfoot role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <BodyCell key={column.key} column={column} total>
                {column.total ?? ''}
              </BodyCell>
            ))}
          </tr>
        </tfoot>
      ) : null}
      <caption id={id} className="sr-only">
        {open === undefined ? t('Arrow keys move from row to row.') : t('Arrow keys move from row to row; Enter opens one.')}
      </caption>
    </table>
  );
}

/** One row at a time can be reached by Tab; the arrow keys move on from it. */
function onlyStop(row: HTMLTableRowElement): void {
  for (const other of row.parentElement?.querySelectorAll<HTMLElement>(':scope > tr') ?? [])
    other.tabIndex = other === row ? 0 : -1;
}

function moveFocus(event: KeyboardEvent, body: HTMLTableSectionElement | null): void {
  if (body === null || !(event.target instanceof HTMLTableRowElement)) return;
  const rows = [...body.rows];
  const at = rows.indexOf(event.target);
  const path = event.target.dataset['path'];
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    rows[Math.min(rows.length - 1, Math.max(0, to))]?.focus();
  } else if (event.key === 'Enter' && path?.startsWith('/')) {
    event.preventDefault();
    navigate(path as Path);
  }
}

function HeadCell<Row>({ column, state }: { readonly column: Column<Row>; readonly state: TableState }) {
  const { label, sort, align, wide } = column;
  const side = align === 'right' ? 'justify-end text-right' : 'text-left';
  const shown = wide ? 'max-lg:hidden' : '';
  if (sort === undefined)
    return (
      <th role="columnheader" scope="col" className={`${shown} ${align === 'right' ? 'text-right' : 'text-left'}`}>
        {label}
      </th>
    );
  const order = orderOf(column, state.sort);
  const Arrow = order === 'descending' ? ArrowDown : ArrowUp;
  return (
    <th role="columnheader" scope="col" aria-sort={order ?? 'none'} className={shown}>
      <button
        type="button"
        onClick={() => state.change({ sort: nextSort(column, state.sort) })}
        className={`flex min-h-10 w-full items-center gap-1 ${side}`}
      >
        {label}
        <Arrow size={14} aria-hidden="true" className={order === undefined ? 'opacity-0' : ''} />
      </button>
    </th>
  );
}

function orderOf<Row>({ sort }: Column<Row>, chosen: string): 'ascending' | 'descending' | undefined {
  if (chosen === sort) return 'ascending';
  return chosen === `-${sort}` ? 'descending' : undefined;
}

/** A press on the column that orders already turns it round. */
function nextSort<Row>(column: Column<Row>, chosen: string): string {
  const { sort = '', first = 'up' } = column;
  const order = orderOf(column, chosen);
  if (order === undefined) return first === 'down' ? `-${sort}` : sort;
  return order === 'ascending' ? `-${sort}` : sort;
}

/** On a phone there is no head to press. */
function SortChoice<Row>({ columns, state }: { readonly columns: readonly Column<Row>[]; readonly state: TableState }) {
  const options = columns.flatMap(({ sort = '', label }) => [
    { value: sort, label: t('{column}, ascending', { column: label }) },
    { value: `-${sort}`, label: t('{column}, descending', { column: label }) },
  ]);
  return (
    <label className="chip sm:hidden">
      <span className="text-ink-soft">{t('Sort')}</span>
      <select
        value={state.sort}
        onChange={(event) => state.change({ sort: event.target.value })}
        className="field-sizing-content max-w-44 bg-transparent font-semibold"
      >
        {options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function BodyCell<Row>({
  column,
  total = false,
  children,
}: {
  readonly column: Column<Row>;
  readonly total?: boolean;
  readonly children: ReactNode;
}) {
  const { label, align, head, wide } = column;
  const look = `${align === 'right' ? 'text-right' : ''} ${wide ? 'max-lg:hidden' : ''}`;
  if (head)
    return (
      <th role="rowheader" scope="row" className={`text-left ${look}`}>
        {total ? (column.total ?? t('All')) : children}
      </th>
    );
  return (
    <td role="cell" data-label={label} className={look}>
      <div className="min-w-0">{children}</div>
    </td>
  );
}

function Pages<Row>({
  data,
  state,
  page_size,
}: {
  readonly data: Rows<Row>;
  readonly state: TableState;
  readonly page_size: number;
}) {
  const { rows, total, next_cursor } = data;
  const first = (state.page - 1) * page_size + 1;
  const last = first + rows.length - 1;
  const span = { first: formatCount(first), last: formatCount(last) };
  return (
    <nav aria-label={t('Pages of the table')} className="mt-3 flex flex-wrap items-center gap-2">
      <p role="status" className="figures mr-auto text-sm text-ink-soft">
        {rows.length === 0
          ? ''
          : total === undefined
            ? t('Rows {first} to {last}', span)
            : t('Rows {first} to {last} of {total}', { ...span, total: formatCount(total) })}
      </p>
      {state.page === 1 && next_cursor === null ? null : (
        <>
          <Button disabled={state.page === 1} onClick={state.previous}>
            <ChevronLeft size={16} aria-hidden="true" /> {t('Previous')}
          </Button>
          <Button disabled={next_cursor === null} onClick={() => next_cursor !== null && state.next(next_cursor)}>
            {t('Next')} <ChevronRight size={16} aria-hidden="true" />
          </Button>
        </>
      )}
    </nav>
  );
}
