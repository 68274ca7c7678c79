import { useQuery } from '@tanstack/react-query';
import { type ComponentType, lazy, Suspense, useEffect } from 'react';
import { sessionQuery } from '../api/queries.ts';
import type { Session } from '../api/wire.ts';
import { isElsewhere } from '../api/server.ts';
import { LINK_PATH, OpenLink } from '../features/account/pages/open-link.tsx';
import { Failed, Loading } from '../ui/states.tsx';
import { LicenseBanner } from '../features/marketplace/parts/license-banner.tsx';
import { Link } from '../ui/link.tsx';
import { Shell } from './frame.tsx';
import { isForOperators } from './navigation.tsx';
import { placeAt, usePathname, type Page, type Place } from '../browser/route.ts';
import { SignIn } from './sign-in.tsx';
import { TryPage } from '../features/gateway/pages/try.tsx';

export function App() {
  const session = useQuery(sessionQuery);
  const pathname = usePathname();
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
  if (isElsewhere && pathname === LINK_PATH) return <OpenLink />;
  return session.data === null ? <SignIn /> : <SignedIn session={session.data} />;
}

interface PageProps {
  /** What the page is about, when it is about one thing. */
  readonly id: string;
}

/** Loads a page when it is first gone to: most readers never need the bytes of most pages. */
function late(load: () => Promise<ComponentType<PageProps>>): ComponentType<PageProps> {
  return lazy(async () => ({ default: await load() }));
}

const PAGES: Record<Page, { readonly title: string; readonly show: ComponentType<PageProps> }> = {
  try: { title: 'Try it', show: TryPage },
  usage: { title: 'Usage', show: late(async () => (await import('../features/gateway/pages/usage.tsx')).UsagePage) },
  plan: { title: 'Plan', show: late(async () => (await import('../features/marketplace/pages/plan.tsx')).PlanPage) },
  statement: {
    title: 'Statement',
    show: late(async () => (await import('../features/gateway/pages/statement.tsx')).StatementPage),
  },
  calls: { title: 'Calls', show: late(async () => (await import('../features/gateway/pages/calls.tsx')).CallsPage) },
  alerts: { title: 'Alerts', show: late(async () => (await import('../features/alerts/pages/alerts.tsx')).AlertsPage) },
  members: { title: 'Members', show: late(async () => (await import('../features/account/pages/members.tsx')).MembersPage) },
  settings: { title: 'Settings', show: late(async () => (await import('../features/account/pages/settings.tsx')).SettingsPage) },
  keys: { title: 'Keys', show: late(async () => (await import('../features/account/pages/keys.tsx')).KeysPage) },
  margin: { title: 'Margin', show: late(async () => (await import('../features/operator/pages/margin.tsx')).MarginPage) },
  workspaces: {
    title: 'Workspaces',
    show: late(async () => (await import('../features/operator/pages/workspaces.tsx')).WorkspacesPage),
  },
  workspace: {
    title: 'Workspace',
    show: late(async () => (await import('../features/operator/pages/workspace.tsx')).WorkspacePage),
  },
  'admin-alerts': {
    title: 'Alerts',
    show: late(async () => (await import('../features/operator/pages/alerts.tsx')).AdminAlertsPage),
  },
  fraud: { title: 'Fraud', show: late(async () => (await import('../features/operator/pages/fraud.tsx')).FraudPage) },
  ladders: { title: 'Ladders', show: late(async () => (await import('../features/operator/pages/ladders.tsx')).LaddersPage) },
  rollouts: {
    title: 'Roll-outs',
    show: late(async () => (await import('../features/operator/pages/rollouts.tsx')).RolloutsPage),
  },
  'platform-keys': {
    title: 'Keys',
    show: late(async () => (await import('../features/operator/pages/keys.tsx')).PlatformKeysPage),
  },
  books: { title: 'Books', show: late(async () => (await import('../features/operator/pages/books.tsx')).BooksPage) },
  reconciliation: {
    title: 'Reconciliation',
    show: late(async () => (await import('../features/operator/pages/reconciliation.tsx')).ReconciliationPage),
  },
  trail: { title: 'Trail', show: late(async () => (await import('../features/operator/pages/trail.tsx')).TrailPage) },
};

function SignedIn({ session }: { readonly session: Session }) {
  const place = homeFor(session, placeAt(usePathname()));
  const page = place?.page;
  const title = page === undefined ? 'Not found' : PAGES[page].title;
  useEffect(() => {
    document.title = `${title} · Purser`;
  }, [title]);
  return (
    <Shell session={session} page={page}>
      {page === undefined || isForOperators(page) || session.kind === 'person' ? null : <LicenseBanner />}
      <Suspense fallback={<Loading what={title} lines={6} />}>
        {place === undefined ? <Nowhere /> : <PageFor key={place.id} place={place} />}
      </Suspense>
    </Shell>
  );
}

/** The admin's token belongs to no workspace, and a workspace key opens no book: each starts where it has something to see. */
function homeFor(session: Session, place: Place | undefined): Place | undefined {
  if (place === undefined) return undefined;
  switch (session.kind) {
    case 'person':
      return place.page === 'settings' ? place : { page: 'members' };
    case 'workspace':
      return isForOperators(place.page) ? { page: 'try' } : place;
    case 'admin':
      return isForOperators(place.page) || session.workspace !== null ? place : { page: 'margin' };
    default: {
      const never: never = session;
      return never;
    }
  }
}

function PageFor({ place: { page, id } }: { readonly place: Place }) {
  const Show = PAGES[page].show;
  return <Show id={id ?? ''} />;
}

function Nowhere() {
  return (
    <div className="py-16 text-center">
      <h1 className="narrow text-4xl font-semibold">Nothing is stowed here</h1>
      <p className="mt-2 text-ink-soft">
        This address leads nowhere. <Link to="/">Go to the start</Link>.
      </p>
    </div>
  );
}
