import { useEffect, useState, useSyncExternalStore } from 'react';

/** An address inside the page, such as `/admin/workspaces`. */
export type Path = `/${string}`;

export type Parameters = Readonly<Record<string, string>>;

/** What the `:names` of a pattern stand for at an address; undefined: it is another page's. */
export function parametersAt(pattern: Path, pathname: string): Parameters | undefined {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(pathname);
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [place, name] of wanted.entries()) {
    const segment = decoded(given[place] ?? '');
    if (segment === undefined || segment === '') return undefined;
    if (name.startsWith(':')) parameters[name.slice(1)] = segment;
    else if (name !== segment) return undefined;
  }
  return parameters;
}

function segmentsOf(path: string): string[] {
  return path.replace(/\/+$/, '').split('/').slice(1);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('popstate', changed);
  return () => {
    window.removeEventListener('popstate', changed);
  };
}

/** Written to text, where there is no browser, a page is at the start. */
export function usePathname(): string {
  return useSyncExternalStore(
    subscribe,
    () => window.location.pathname,
    () => '/',
  );
}

/** What stands behind the question mark: the state of a table, so that it can be kept, shared and gone back to. */
export function useSearch(): string {
  return useSyncExternalStore(
    subscribe,
    () => window.location.search,
    () => '',
  );
}

/** Asked before the page is left; true: something unsaved is on it. */
let unsaved: (() => boolean) | undefined;
let held: { readonly path: string; readonly go: () => void } | undefined;
const waiting = new Set<() => void>();

/** While something is unsaved, the page is left only after a question. Returns how the guard is taken off. */
export function guardLeaving(isUnsaved: () => boolean): () => void {
  unsaved = isUnsaved;
  const ask = (event: BeforeUnloadEvent): void => {
    if (isUnsaved()) event.preventDefault();
  };
  window.addEventListener('beforeunload', ask);
  return () => {
    if (unsaved === isUnsaved) unsaved = undefined;
    window.removeEventListener('beforeunload', ask);
  };
}

function hold(next: typeof held): void {
  held = next;
  for (const changed of waiting) changed();
}

/** Where the reader wanted to go, while that waits for an answer. */
export function useHeldLeaving(): { readonly leave: () => void; readonly stay: () => void } | undefined {
  const waits = useSyncExternalStore(
    (changed) => {
      waiting.add(changed);
      return () => waiting.delete(changed);
    },
    () => held,
    () => undefined,
  );
  if (waits === undefined) return undefined;
  return {
    leave: () => {
      unsaved = undefined;
      hold(undefined);
      waits.go();
    },
    stay: () => hold(undefined),
  };
}

export function navigate(path: Path): void {
  const go = (): void => {
    const here = window.location.pathname + window.location.search;
    if (here !== path) window.history.pushState(null, '', path);
    window.dispatchEvent(new PopStateEvent('popstate'));
    window.scrollTo({ top: 0 });
  };
  if (unsaved?.() === true) hold({ path, go });
  else go();
}

/** Changes what stands behind the question mark; an empty or absent value takes a name off. */
export function changeSearch(changes: Readonly<Record<string, string | undefined>>, how: 'push' | 'replace'): void {
  const search = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  const address = new URL(window.location.href);
  address.search = text;
  // Whole: the path alone could be taken for another host's (`//elsewhere`), which a browser refuses.
  if (how === 'push') window.history.pushState(null, '', address.href);
  else window.history.replaceState(null, '', address.href);
  window.dispatchEvent(new PopStateEvent('popstate'));
}

/** What the address said when the page was opened, such as how a checkout ended; taken off it, so that a reload does not say it again. */
export function useParameterOnce(name: string): string | null {
  const [value] = useState(() => new URLSearchParams(window.location.search).get(name));
  useEffect(() => {
    const address = new URL(window.location.href);
    if (!address.searchParams.has(name)) return;
    address.searchParams.delete(name);
    window.history.replaceState(null, '', address.href);
  }, [name]);
  return value;
}
