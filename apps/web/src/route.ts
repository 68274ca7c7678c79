import { useSyncExternalStore } from 'react';

/** The pages, by path. Small enough that a router would cost more than it gives. */
export const ROUTES = {
  '/': 'try',
  '/limits': 'limits',
  '/calls': 'calls',
  '/admin': 'margin',
  '/admin/books': 'books',
  '/admin/trail': 'trail',
  '/admin/workspaces': 'workspaces',
} as const;

export type Path = keyof typeof ROUTES;
export type Page = (typeof ROUTES)[Path];

export function pageAt(pathname: string): Page | undefined {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
  return Object.hasOwn(ROUTES, path) ? ROUTES[path as Path] : undefined;
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('popstate', changed);
  return () => {
    window.removeEventListener('popstate', changed);
  };
}

export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function navigate(path: Path): void {
  if (window.location.pathname !== path) window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo({ top: 0 });
}
