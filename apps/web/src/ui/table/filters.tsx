import { Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';

import { t } from '../../words/translate.ts';
import type { TableState } from './state.ts';

export interface Filter {
  /** In the address. */
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  /** What holds while nothing is chosen; absent: everything is shown. */
  readonly standard?: string;
}

/** Long enough that a word is typed, short enough that it seems at once. */
const TYPED_AFTER_MS = 250;

interface Props {
  readonly label: string;
  readonly filters: readonly Filter[];
  readonly search: string | undefined;
  readonly state: TableState;
  readonly children: ReactNode;
}

/** The search and the filters of a table, as chips in one row: what is narrowed down stands out, and is taken off again by its cross. */
export function Filters({ label, filters, search, state, children }: Props) {
  return (
    <div role="search" aria-label={label} className="mb-3 flex flex-wrap items-center gap-2">
      {search === undefined ? null : <SearchField label={search} state={state} />}
      {filters.map((filter) => (
        <Chip key={filter.name} filter={filter} state={state} />
      ))}
      {children}
    </div>
  );
}

function Chip({
  filter: { name, label, options, standard = '' },
  state,
}: {
  readonly filter: Filter;
  readonly state: TableState;
}) {
  const value = state.value(name) || standard;
  const narrowed = value !== standard;
  return (
    <span className={`chip ${narrowed ? 'border-store bg-store text-deck' : ''}`}>
      <label className="flex items-center gap-1.5">
        <span className={narrowed ? '' : 'text-ink-soft'}>{label}</span>
        <select
          value={value}
          onChange={(event) => state.change({ [name]: event.target.value === standard ? '' : event.target.value })}
          className="field-sizing-content min-h-9 max-w-44 bg-transparent font-semibold [&>option]:bg-deck [&>option]:text-ink"
        >
          {standard === '' ? <option value="">{t('all')}</option> : null}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </label>
      {narrowed ? (
        <button
          type="button"
          aria-label={t('Remove the filter {name}', { name: label })}
          onClick={() => state.change({ [name]: '' })}
          className="-mr-2 grid size-8 place-items-center rounded-full"
        >
          <X size={14} aria-hidden="true" />
        </button>
      ) : null}
    </span>
  );
}

function SearchField({ label, state }: { readonly label: string; readonly state: TableState }) {
  const asked = state.value('q');
  const [typed, setTyped] = useState(asked);
  const [known, setKnown] = useState(asked);
  // Going back in the history changes the search from outside.
  if (asked !== known) {
    setKnown(asked);
    if (asked !== typed.trim()) setTyped(asked);
  }
  const { change } = state;
  useEffect(() => {
    if (typed.trim() === asked) return undefined;
    const timer = setTimeout(() => change({ q: typed.trim() }), TYPED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed, asked, change]);
  return (
    <label className="relative flex min-w-0 flex-1 basis-56 items-center sm:max-w-80">
      <span className="sr-only">{label}</span>
      <Search size={16} aria-hidden="true" className="pointer-events-none absolute left-3 text-ink-faint" />
      <input
        type="search"
        value={typed}
        placeholder={label}
        autoComplete="off"
        maxLength={200}
        onChange={(event) => setTyped(event.target.value)}
        className="min-h-10 w-full rounded-full border border-edge bg-deck pr-3 pl-9 placeholder:text-ink-faint"
      />
    </label>
  );
}
