import { useQueryClient } from '@tanstack/react-query';
import { LogOut, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { change } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { keepToken } from '../api/server.ts';
import type { Session } from '../api/wire.ts';
import type { Page } from '../browser/route.ts';
import { chooseTheme, useTheme, type Theme } from '../browser/theme.ts';
import { Mark } from '../ui/mark.tsx';
import { BottomTabs, isForOperators, TabLink, tabsFor } from './navigation.tsx';

interface ShellProps {
  readonly session: Session;
  readonly page: Page | undefined;
  readonly children: ReactNode;
}

/** The frame around every page once signed in: the hull above, the tabs, the page. On a phone the tabs lie under the thumb. */
export function Shell({ session, page, children }: ShellProps) {
  const tabs = tabsFor(session, page);
  return (
    <div className="pb-24 md:pb-12">
      <a
        href="#page"
        className="sr-only z-30 rounded bg-signal px-4 py-2 font-bold text-on-signal focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <header className="on-hull boot-topping sticky top-0 z-20 bg-hull text-on-hull">
        <div className="mx-auto max-w-6xl px-4 sm:px-6">
          <div className="flex h-15 items-center gap-3">
            <Mark size={30} />
            <span className="narrow text-2xl font-bold tracking-wide">Purser</span>
            <Who session={session} own_books={isForOperators(page)} />
            <div className="ml-auto flex items-center">
              <ThemeButton />
              <SignOutButton />
            </div>
          </div>
          <nav aria-label="Pages" className="-mx-2 -mt-2 hidden pb-1 md:block lg:-mx-3">
            <ul className="flex">
              {tabs.map((tab) => (
                <li key={tab.path}>
                  <TabLink tab={tab} current={tab.page === page} />
                </li>
              ))}
            </ul>
          </nav>
        </div>
      </header>
      <main id="page" tabIndex={-1} className="mx-auto max-w-6xl px-3 py-5 outline-none sm:px-6 sm:py-8">
        {children}
      </main>
      <BottomTabs key={page} tabs={tabs} page={page} />
    </div>
  );
}

function Who({ session, own_books }: { readonly session: Session; readonly own_books: boolean }) {
  const workspace = session.kind === 'person' || own_books ? null : session.workspace;
  const name = workspace?.name ?? (session.kind === 'person' ? (session.person.email ?? 'Nobody yet') : 'The owner’s books');
  return (
    <p className="flex min-w-0 items-center gap-2 border-l border-on-hull/25 pl-3">
      <span className="truncate text-sm text-on-hull-soft sm:text-[0.9375rem]">{name}</span>
      {workspace === null ? null : (
        <span className="narrow rounded-sm border border-signal px-1.5 text-sm font-bold text-signal">{workspace.plan}</span>
      )}
    </p>
  );
}

const THEMES: Record<Theme, { readonly next: Theme; readonly label: string; readonly icon: LucideIcon }> = {
  system: { next: 'light', label: 'Colours follow the system', icon: Monitor },
  light: { next: 'dark', label: 'Light colours', icon: Sun },
  dark: { next: 'system', label: 'Dark colours', icon: Moon },
};

export function ThemeButton({ paint = 'text-on-hull-soft hover:text-on-hull' }: { readonly paint?: string }) {
  const { next, label, icon: Icon } = THEMES[useTheme()];
  return (
    <button
      type="button"
      onClick={() => chooseTheme(next)}
      aria-label={`${label}; change to ${next}`}
      title={label}
      className={`grid size-11 place-items-center rounded-md ${paint}`}
    >
      <Icon size={20} aria-hidden="true" />
    </button>
  );
}

function SignOutButton() {
  const client = useQueryClient();
  const sign_out = async (): Promise<void> => {
    // The cookie is the server's to clear; when it cannot be reached the page must not pretend.
    await client.cancelQueries();
    await change('DELETE', '/api/session');
    keepToken(undefined);
    client.setQueryData(sessionQuery.queryKey, null);
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
  };
  return (
    <button
      type="button"
      onClick={() => void sign_out()}
      aria-label="Sign out"
      title="Sign out"
      className="-mr-2 grid size-11 place-items-center rounded-md text-on-hull-soft hover:text-on-hull"
    >
      <LogOut size={20} aria-hidden="true" />
    </button>
  );
}
