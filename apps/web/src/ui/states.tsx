import type { ReactNode } from 'react';
import { problemOf } from '../api/client.ts';
import { explain } from '../words/problem.ts';
import { Button } from './button.tsx';
import { Forward } from './forward.tsx';
import { t } from '../words/translate.ts';

/** A place where nothing is yet, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="rounded-lg border border-dashed border-edge px-5 py-8 text-center">
      <p className="narrow text-xl font-semibold">{title}</p>
      <div className="mx-auto mt-1 max-w-prose text-ink-soft">{children}</div>
    </div>
  );
}

/** Reading failed: why, what to do, and a way to try again. */
export function Failed({ error, retry }: { readonly error: unknown; readonly retry: () => void }) {
  const plain = explain(problemOf(error));
  return (
    <div role="alert" className="rounded-lg border-l-4 border-oxide-paint bg-oxide-wash px-5 py-4">
      <p className="narrow text-xl font-semibold">{plain.headline}</p>
      <p className="mt-1 text-ink-soft">{plain.why}</p>
      <p className="mt-1 text-ink-soft">{plain.steps[0]}</p>
      <Forward action={plain.action} className="mt-1" />
      <Button className="mt-3" onClick={retry}>
        {t('Try again')}
      </Button>
    </div>
  );
}

/** A headed part of a page. */
export function Panel({
  title,
  aside,
  children,
  className = '',
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <section className={`rounded-xl bg-deck p-4 shadow-deck sm:p-6 ${className}`}>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h2 className="narrow text-2xl font-semibold">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

interface PageHeadProps {
  readonly title: string;
  /** What can be done on the whole page. */
  readonly aside?: ReactNode;
  readonly children?: ReactNode;
}

/** The head of a page: its name, and in a sentence what it is for. */
export function PageHead({ title, aside, children }: PageHeadProps) {
  return (
    <div className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3 px-1 sm:px-0">
      <div>
        <h1 className="narrow text-4xl font-semibold">{title}</h1>
        <p className="mt-1 max-w-prose text-ink-soft">{children}</p>
      </div>
      {aside}
    </div>
  );
}
