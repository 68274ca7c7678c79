import { useQueryClient } from '@tanstack/react-query';
import {
  BookOpenText,
  Building2,
  Gauge,
  ListOrdered,
  LogOut,
  Monitor,
  Moon,
  PenLine,
  Scale,
  ScrollText,
  Sun,
  type LucideIcon,
} from 'lucide-react';
import type { MouseEvent, ReactNode } from 'react';
import { remove } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import type { Session } from '../api/wire.ts';
import { navigate, type Page, type Path } from '../route.ts';
import { chooseTheme, useTheme, type Theme } from '../theme.ts';
import { Mark } from './mark.tsx';

interface Tab {
  readonly path: Path;
  readonly page: Page;
  readonly label: string;
  readonly icon: LucideIcon;
}

const WORKSPACE_TABS: readonly Tab[] = [
  { path: '/', page: 'try', label: 'Try it', icon: PenLine },
  { path: '/limits', page: 'limits', label: 'Limits', icon: Gauge },
  { path: '/calls', page: 'calls', label: 'Calls', icon: ListOrdered },
];

const ADMIN_TABS: readonly Tab[] = [
  { path: '/admin', page: 'margin', label: 'Margin', icon: Scale },
  { path: '/admin/books', page: 'books', label: 'Books', icon: BookOpenText },
  { path: '/admin/trail', page: 'trail', label: 'Trail', icon: ScrollText },
  { path: '/admin/workspaces', page: 'workspaces', label: 'Workspaces', icon: Building2 },
];

interface ShellProps {
  readonly session: Session;
  readonly page: Page | undefined;
  readonly children: ReactNode;
}

/** The frame around every page once signed in: the hull above, the tabs, the page. On a phone the tabs lie under the thumb. */
export function Shell({ session, page, children }: ShellProps) {
  const tabs = session.kind === 'admin' ? ADMIN_TABS : WORKSPACE_TABS;
  return (
    <div className="pb-24 md:pb-12">
      <a
        href="#page"
        className="sr-only z-30 rounded bg-signal px-4 py-2 font-bold text-on-signal focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <header className="on-hull boot-topping sticky top-0 z-20 bg-hull text-on-hull">
        <div className="mx-auto flex h-15 max-w-6xl items-center gap-3 px-4 sm:px-6">
          <Mark size={30} />
          <span className="narrow text-2xl font-bold tracking-wide">Purser</span>
          <Who session={session} />
          <nav aria-label="Pages" className="ml-auto hidden md:block">
            <ul className="flex gap-1">
              {tabs.map((tab) => (
                <li key={tab.path}>
                  <TabLink tab={tab} current={tab.page === page} />
                </li>
              ))}
            </ul>
          </nav>
          <div className="ml-auto flex items-center md:ml-2">
            <ThemeButton />
            <SignOutButton />
          </div>
        </div>
      </header>
      <main id="page" tabIndex={-1} className="mx-auto max-w-6xl px-3 py-5 outline-none sm:px-6 sm:py-8">
        {children}
      </main>
      <nav
        aria-label="Pages"
        className="on-hull fixed inset-x-0 bottom-0 z-20 border-t-4 border-[#c43a22] bg-hull pb-[env(safe-area-inset-bottom)] text-on-hull md:hidden"
      >
        <ul className="flex">
          {tabs.map((tab) => (
            <li key={tab.path} className="flex-1">
              <TabLink tab={tab} current={tab.page === page} stacked />
            </li>
          ))}
        </ul>
      </nav>
    </div>
  );
}

function Who({ session }: { readonly session: Session }) {
  const name = session.kind === 'admin' ? 'The owner’s books' : session.workspace.name;
  return (
    <p className="flex min-w-0 items-center gap-2 border-l border-on-hull/25 pl-3">
      <span className="truncate text-sm text-on-hull-soft sm:text-[0.9375rem]">{name}</span>
      {session.kind === 'workspace' ? (
        <span className="narrow rounded-sm border border-signal px-1.5 text-sm font-bold text-signal">
          {session.workspace.plan}
        </span>
      ) : null}
    </p>
  );
}

function follow(event: MouseEvent, to: Path): void {
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

function TabLink({
  tab,
  current,
  stacked = false,
}: {
  readonly tab: Tab;
  readonly current: boolean;
  readonly stacked?: boolean;
}) {
  const Icon = tab.icon;
  const shape = stacked ? 'min-h-15 flex-col justify-center gap-0.5 text-xs' : 'min-h-11 gap-2 rounded-md px-3 text-[0.9375rem]';
  const paint = current ? 'text-signal font-bold' : 'text-on-hull-soft hover:text-on-hull font-medium';
  return (
    <a
      href={tab.path}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => follow(event, tab.path)}
      className={`flex items-center ${shape} ${paint}`}
    >
      <Icon size={stacked ? 22 : 18} aria-hidden="true" />
      {tab.label}
    </a>
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
    await remove('/api/session');
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
