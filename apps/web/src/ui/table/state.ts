import { useCallback, useMemo, useRef } from 'react';

import { changeSearch, useSearch } from '../../browser/route.ts';

/** What the reader has asked of a table. It stands in the address: it can be kept, shared, and gone back to. */
export interface TableState {
  readonly sort: string;
  /** Counted from 1. */
  readonly page: number;
  /** Where the page begins; undefined: at the first row. */
  readonly after: string | undefined;
  /** Of a filter, or of the search (`q`); empty: none. */
  readonly value: (name: string) => string;
  /** Changes sort or filters, and goes back to the first page. */
  readonly change: (changes: Readonly<Record<string, string>>) => void;
  readonly next: (cursor: string) => void;
  readonly previous: () => void;
}

/** `sort`: the order without one in the address. `of`: sets the names in the address of a second table on the page apart. */
export function useTableState(sort: string, of = ''): TableState {
  const text = useSearch();
  // Where the pages before this one began; a page that was opened by its address knows only the first.
  const before = useRef(new Map<number, string>());
  const search = useMemo(() => new URLSearchParams(text), [text]);
  const page = Math.max(1, Math.trunc(Number(search.get(`${of}page`) ?? '1')) || 1);
  const after = search.get(`${of}after`) ?? undefined;
  const chosen = search.get(`${of}sort`) ?? sort;

  const change = useCallback(
    (changes: Readonly<Record<string, string>>) => {
      before.current.clear();
      const named = changes['sort'] === sort ? { ...changes, sort: '' } : changes;
      changeSearch(under(of, { ...named, page: undefined, after: undefined }), 'replace');
    },
    [sort, of],
  );
  const next = useCallback(
    (cursor: string) => {
      if (after !== undefined) before.current.set(page, after);
      changeSearch(under(of, { page: String(page + 1), after: cursor }), 'push');
    },
    [after, page, of],
  );
  const previous = useCallback(() => {
    const begins = before.current.get(page - 1);
    const there = begins === undefined ? { page: undefined, after: undefined } : { page: String(page - 1), after: begins };
    changeSearch(under(of, there), 'push');
  }, [page, of]);
  return { sort: chosen, page, after, value: (name) => search.get(of + name) ?? '', change, next, previous };
}

type Changes = Readonly<Record<string, string | undefined>>;

function under(of: string, changes: Changes): Changes {
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => [of + name, value]));
}
