import type { ReactNode } from 'react';
import { FileLink } from './file-link.tsx';

/** Saves an archive. */
export function ExportLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <FileLink
      href={href}
      className="inline-flex min-h-11 items-center justify-center rounded-md border border-edge bg-deck px-4 text-[0.9375rem] font-semibold text-ink hover:bg-well"
    >
      {children}
    </FileLink>
  );
}
