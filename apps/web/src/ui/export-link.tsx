import type { ReactNode } from 'react';

/** Saves an archive: an ordinary link, so that the browser shows how far it has come. */
export function ExportLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <a
      href={href}
      download
      className="inline-flex min-h-11 items-center justify-center rounded-md border border-edge bg-deck px-4 text-[0.9375rem] font-semibold text-ink hover:bg-well"
    >
      {children}
    </a>
  );
}
