import type { Session } from '@purser/api';
import type { UseQueryResult } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from 'react';

import { isElsewhere } from '../api/server.ts';
import { parametersAt, useHeldLeaving } from '../browser/route.ts';
import { fetchAhead, type Page } from '../feature.ts';
import { PAGES } from '../features/index.ts';
import { LicenseBanner } from '../features/marketplace/parts/license-banner.tsx';
import { Loading } from '../ui/loading.tsx';
import { Failed } from '../ui/states.tsx';
import { t } from '../words/translate.ts';
import { Boundary } from './boundary.tsx';
import { Frame, PublicFrame } from './frame.tsx';
import { NotFound } from './not-found.tsx';
import { areaFor, mayOpen } from './session.ts';
import { Waiting } from './waiting.tsx';

const OpenLink = lazy(async () => ({ default: (await import('../features/account/pages/open-link.tsx')).OpenLink }));
const LeaveQuestion = lazy(async () => ({ default: (await import('./leave-question.tsx')).LeaveQuestion }));
/** Where an emailed link leads when this page is served from another origin than the API. */
const LINK_PATH = '/sign-in/link';

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));

/** Begins to load the page at an address while it is still asked who reads. */
export function fetchPageAhead(pathname: string): void {
  const page = PAGES.find(({ path }) => parametersAt(path, pathname) !== undefined);
  if (page !== undefined) fetchAhead(page);
}

interface ScreensProps {
  readonly session: UseQueryResult<Session | null>;
  readonly pathname: string;
  /** What a reader who is not signed in sees. */
  readonly signIn: ReactNode;
}

/** Every screen but the first of a reader who is not signed in. */
export function Screens({ session, pathname, signIn }: ScreensProps) {
  const page = PAGES.find(({ path, area }) => area === 'public' && parametersAt(path, pathname) !== undefined);
  // A page for anybody does not wait until it is known who reads it.
  if (page !== undefined && (session.data === null || session.data === undefined))
    return (
      <PublicFrame>
        <Shown page={page} pathname={pathname} />
      </PublicFrame>
    );
  if (session.isPending) return <Waiting />;
  if (session.isError) {
    return (
      <main className="mx-auto max-w-xl p-8">
        <h1 className="sr-only">{t('Purser')}</h1>
        <Failed error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  if (isElsewhere && pathname === LINK_PATH)
    return (
      <Suspense>
        <OpenLink />
      </Suspense>
    );
  return session.data === null ? signIn : <SignedIn session={session.data} pathname={pathname} />;
}

function SignedIn({ session, pathname }: { readonly session: Session; readonly pathname: string }) {
  const page = pageFor(session, pathname);
  const area = areaFor(session, page);
  const [palette, setPalette] = usePalette();
  const held = useHeldLeaving();
  return (
    <Frame session={session} area={area} page={page} openPalette={() => setPalette(true)}>
      {area !== 'workspace' || session.kind === 'person' ? null : <LicenseBanner />}
      {page === undefined ? <NotFound /> : <Shown page={page} pathname={pathname} />}
      {held === undefined ? null : (
        <Suspense>
          <LeaveQuestion {...held} />
        </Suspense>
      )}
      {palette ? (
        <Suspense>
          <Palette session={session} close={() => setPalette(false)} />
        </Suspense>
      ) : null}
    </Frame>
  );
}

/** The page at an address; where the reader may not open it, the first one that they may. */
function pageFor(session: Session, pathname: string): Page | undefined {
  const wanted = PAGES.find(({ path }) => parametersAt(path, pathname) !== undefined);
  if (wanted === undefined || mayOpen(session, wanted)) return wanted;
  return PAGES.filter((page) => page.tab !== undefined && mayOpen(session, page)).toSorted(
    (a, b) => (a.tab?.order ?? 0) - (b.tab?.order ?? 0),
  )[0];
}

function Shown({ page, pathname }: { readonly page: Page; readonly pathname: string }) {
  const { path, title, show: Show } = page;
  useEffect(() => {
    document.title = `${title} · Purser`;
  }, [title]);
  const parameters = useMemo(() => parametersAt(path, pathname) ?? {}, [path, pathname]);
  return (
    <Boundary key={path}>
      <Suspense fallback={<Loading what={title} lines={6} />}>
        <Show key={parameters['id']} parameters={parameters} />
      </Suspense>
    </Boundary>
  );
}

/** Ctrl-K, or ⌘K, from everywhere. */
function usePalette() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      setOpen(true);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
  return [open, setOpen] as const;
}
