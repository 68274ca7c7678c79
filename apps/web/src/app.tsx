import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { sessionQuery } from './api/queries.ts';
import type { Session } from './api/wire.ts';
import { Failed, Loading } from './parts/states.tsx';
import { Link, Shell } from './parts/shell.tsx';
import { pageAt, usePathname, type Page } from './route.ts';
import { CallsPage } from './screens/calls.tsx';
import { LimitsPage } from './screens/limits.tsx';
import { SignIn } from './screens/sign-in.tsx';
import { TryPage } from './screens/try.tsx';

// The admin's pages load when an admin comes: most readers never need their bytes.
const MarginPage = lazy(() => import('./screens/admin/margin.tsx').then((module) => ({ default: module.MarginPage })));
const BooksPage = lazy(() => import('./screens/admin/books.tsx').then((module) => ({ default: module.BooksPage })));
const TrailPage = lazy(() => import('./screens/admin/trail.tsx').then((module) => ({ default: module.TrailPage })));
const WorkspacesPage = lazy(() =>
  import('./screens/admin/workspaces.tsx').then((module) => ({ default: module.WorkspacesPage })),
);

export function App() {
  const session = useQuery(sessionQuery);
  if (session.isPending) {
    return (
      <div className="mx-auto max-w-xl p-8">
        <Loading what="your session" />
      </div>
    );
  }
  if (session.isError) {
    return (
      <main className="mx-auto max-w-xl p-8">
        <h1 className="sr-only">Purser</h1>
        <Failed error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  return session.data === null ? <SignIn /> : <SignedIn session={session.data} />;
}

const TITLES: Record<Page, string> = {
  try: 'Try it',
  limits: 'Limits',
  calls: 'Calls',
  margin: 'Margin',
  books: 'Books',
  trail: 'Trail',
  workspaces: 'Workspaces',
};

function SignedIn({ session }: { readonly session: Session }) {
  const page = homeFor(session, pageAt(usePathname()));
  const title = page === undefined ? 'Not found' : TITLES[page];
  useEffect(() => {
    document.title = `${title} · Purser`;
  }, [title]);
  return (
    <Shell session={session} page={page}>
      <Suspense fallback={<Loading what={title} lines={6} />}>
        <PageFor page={page} />
      </Suspense>
    </Shell>
  );
}

/** The admin's token belongs to no workspace, and a workspace key opens no book: each starts where it has something to see. */
function homeFor(session: Session, page: Page | undefined): Page | undefined {
  const for_admin = page === 'margin' || page === 'books' || page === 'trail' || page === 'workspaces';
  if (page === undefined || for_admin === (session.kind === 'admin')) return page;
  return session.kind === 'admin' ? 'margin' : 'try';
}

function PageFor({ page }: { readonly page: Page | undefined }) {
  switch (page) {
    case 'try':
      return <TryPage />;
    case 'limits':
      return <LimitsPage />;
    case 'calls':
      return <CallsPage />;
    case 'margin':
      return <MarginPage />;
    case 'books':
      return <BooksPage />;
    case 'trail':
      return <TrailPage />;
    case 'workspaces':
      return <WorkspacesPage />;
    case undefined:
      return (
        <div className="py-16 text-center">
          <h1 className="narrow text-4xl font-semibold">Nothing is stowed here</h1>
          <p className="mt-2 text-ink-soft">
            This address leads nowhere. <Link to="/">Go to the start</Link>.
          </p>
        </div>
      );
    default: {
      const never: never = page;
      return never;
    }
  }
}
