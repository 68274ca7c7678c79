import { useEffect, useState, useSyncExternalStore } from 'react';

/** The pages, by path. Small enough that a router would cost more than it gives. */
export const ROUTES = {
  '/': 'try',
  '/usage': 'usage',
  '/plan': 'plan',
  '/statement': 'statement',
  '/calls': 'calls',
  '/members': 'members',
  '/keys': 'keys',
  '/alerts': 'alerts',
  '/settings': 'settings',
  '/admin': 'margin',
  '/admin/workspaces': 'workspaces',
  '/admin/alerts': 'admin-alerts',
  '/admin/fraud': 'fraud',
  '/admin/ladders': 'ladders',
  '/admin/rollouts': 'rollouts',
  '/admin/keys': 'platform-keys',
  '/admin/books': 'books',
  '/admin/reconciliation': 'reconciliation',
  '/admin/trail': 'trail',
} as const;

type FixedPath = keyof typeof ROUTES;
const WORKSPACE = /^\/admin\/workspaces\/([^/]+)$/;

export type Path = FixedPath | `/admin/workspaces/${string}`;
export type Page = (typeof ROUTES)[FixedPath] | 'workspace';

/** A page, and what it is about when it is about one thing. */
export interface Place {
  readonly page: Page;
  readonly id?: string;
}

export function placeAt(pathname: string): Place | undefined {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
  if (Object.hasOwn(ROUTES, path)) return { page: ROUTES[path as FixedPath] };
  const id = decoded(WORKSPACE.exec(path)?.[1]);
  return id === undefined ? undefined : { page: 'workspace', id };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
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

export function navigate(path: Path): void {
  if (window.location.pathname !== path) window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo({ top: 0 });
}

/** What the address said when the page was opened, such as how a checkout ended; taken off it, so that a reload does not say it again. */
export function useParameterOnce(name: string): string | null {
  const [value] = useState(() => new URLSearchParams(window.location.search).get(name));
  useEffect(() => {
    const address = new URL(window.location.href);
    if (!address.searchParams.has(name)) return;
    address.searchParams.delete(name);
    // Whole: the path alone could be taken for another host's (`//elsewhere`), which a browser refuses.
    window.history.replaceState(null, '', address.href);
  }, [name]);
  return value;
}
