import type { Session } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import type { ReactNode } from 'react';

import { modulePagesQuery } from '../api/queries.ts';
import type { Area, Page } from '../feature.ts';
import { Link } from '../ui/link.tsx';
import { Mark } from '../ui/mark.tsx';
import { t } from '../words/translate.ts';
import { SignOutButton, ThemeButton } from './account-buttons.tsx';
import { BottomTabs, TopTabs } from './navigation.tsx';
import { tabsFor } from './tabs.ts';

interface FrameProps {
  readonly session: Session;
  readonly area: Exclude<Area, 'public'>;
  readonly page: Page | undefined;
  readonly openPalette: () => void;
  readonly children: ReactNode;
}

/** The frame around every page once signed in. On a phone the tabs lie under the thumb. */
export function Frame({ session, area, page, openPalette, children }: FrameProps) {
  const modules = useQuery(modulePagesQuery);
  const tabs = tabsFor(session, area, modules.data);
  return (
    <div className="pb-24 md:pb-12">
      <SkipLink />
      <header className="on-hull boot-topping sticky top-0 z-20 bg-hull text-on-hull">
        <div className="mx-auto max-w-6xl px-4 sm:px-6">
          <div className="flex h-15 items-center gap-3">
            <Mark size={30} />
            <span className="narrow text-2xl font-bold tracking-wide">{t('Purser')}</span>
            <Who session={session} area={area} />
            <div className="ml-auto flex items-center">
              <button
                type="button"
                onClick={openPalette}
                aria-keyshortcuts="Control+K Meta+K"
                className="flex min-h-11 items-center gap-2 rounded-md px-3 text-sm text-on-hull-soft hover:text-on-hull"
              >
                <Search size={20} aria-hidden="true" />
                <span className="max-lg:sr-only">{t('Search or go to')}</span>
                <kbd className="rounded border border-on-hull/30 px-1.5 font-sans text-xs max-lg:hidden">{t('Ctrl K')}</kbd>
              </button>
              <ThemeButton />
              <SignOutButton />
            </div>
          </div>
          <TopTabs tabs={tabs} page={page} />
        </div>
      </header>
      <main id="page" tabIndex={-1} className="mx-auto max-w-6xl px-3 py-5 outline-none sm:px-6 sm:py-8">
        {children}
      </main>
      <BottomTabs key={page?.path} tabs={tabs} page={page} />
    </div>
  );
}

/** Around what anybody may read. */
export function PublicFrame({ children }: { readonly children: ReactNode }) {
  return (
    <div className="pb-12">
      <SkipLink />
      <header className="on-hull boot-topping sticky top-0 z-20 bg-hull text-on-hull">
        <div className="mx-auto flex h-15 max-w-6xl items-center gap-3 px-4 sm:px-6">
          <Mark size={30} />
          <span className="narrow text-2xl font-bold tracking-wide">{t('Purser')}</span>
          <div className="ml-auto flex items-center gap-2">
            <ThemeButton />
            <span className="rounded bg-hull [&_a]:text-on-hull">
              <Link to="/">{t('Sign in')}</Link>
            </span>
          </div>
        </div>
      </header>
      <main id="page" tabIndex={-1} className="mx-auto max-w-6xl px-3 py-5 outline-none sm:px-6 sm:py-8">
        {children}
      </main>
    </div>
  );
}

function SkipLink() {
  return (
    <a
      href="#page"
      className="sr-only z-30 rounded bg-signal px-4 py-2 font-bold text-on-signal focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
    >
      {t('Skip to the page')}
    </a>
  );
}

function Who({ session, area }: Pick<FrameProps, 'session' | 'area'>) {
  const workspace = session.kind === 'person' || area === 'operator' ? null : session.workspace;
  const name = workspace?.name ?? (session.kind === 'person' ? (session.person.email ?? t('No workspace yet')) : t('Admin'));
  return (
    <p className="flex min-w-0 items-center gap-2 border-l border-on-hull/25 pl-3">
      <span className="truncate text-sm text-on-hull-soft sm:text-[0.9375rem]">{name}</span>
      {workspace === null ? null : (
        <span className="narrow rounded-sm border border-signal px-1.5 text-sm font-bold text-signal">{workspace.plan}</span>
      )}
    </p>
  );
}
