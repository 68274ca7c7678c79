import type { MouseEvent, ReactNode } from 'react';
import { navigate, type Path } from '../browser/route.ts';

/** Goes to a page without loading the site again; a click meant for a new tab is left to the browser. */
export function follow(event: MouseEvent, to: Path): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  navigate(to);
}

export function Link({ to, children }: { readonly to: Path; readonly children: ReactNode }) {
  return (
    <a
      href={to}
      onClick={(event) => follow(event, to)}
      className="font-semibold text-store underline decoration-2 underline-offset-3 hover:text-ink"
    >
      {children}
    </a>
  );
}
