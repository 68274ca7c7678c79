import {
  BookOpenText,
  Building2,
  Ellipsis,
  Flag,
  Gauge,
  KeyRound,
  ListOrdered,
  PackagePlus,
  PenLine,
  Scale,
  Settings,
  ReceiptText,
  ScrollText,
  Siren,
  Split,
  TrendingDown,
  Users,
  type LucideIcon,
} from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Session } from '../api/wire.ts';
import type { Page, Path } from '../browser/route.ts';
import { follow } from '../ui/link.tsx';

interface Tab {
  readonly path: Path;
  readonly page: Page;
  readonly label: string;
  readonly icon: LucideIcon;
}

const WORKSPACE_TABS: readonly Tab[] = [
  { path: '/', page: 'try', label: 'Try it', icon: PenLine },
  { path: '/usage', page: 'usage', label: 'Usage', icon: Gauge },
  { path: '/plan', page: 'plan', label: 'Plan', icon: PackagePlus },
  { path: '/calls', page: 'calls', label: 'Calls', icon: ListOrdered },
  { path: '/statement', page: 'statement', label: 'Statement', icon: ReceiptText },
  { path: '/alerts', page: 'alerts', label: 'Alerts', icon: Siren },
  { path: '/members', page: 'members', label: 'Members', icon: Users },
  { path: '/keys', page: 'keys', label: 'Keys', icon: KeyRound },
  { path: '/settings', page: 'settings', label: 'Settings', icon: Settings },
];

/** Who belongs to no workspace finds invitations, and what is kept of them. */
const PERSON_TABS: readonly Tab[] = [
  { path: '/members', page: 'members', label: 'Members', icon: Users },
  { path: '/settings', page: 'settings', label: 'Settings', icon: Settings },
];

const ADMIN_TABS: readonly Tab[] = [
  { path: '/admin', page: 'margin', label: 'Margin', icon: Scale },
  { path: '/admin/workspaces', page: 'workspaces', label: 'Workspaces', icon: Building2 },
  { path: '/admin/alerts', page: 'admin-alerts', label: 'Alerts', icon: Siren },
  { path: '/admin/fraud', page: 'fraud', label: 'Fraud', icon: Flag },
  { path: '/admin/ladders', page: 'ladders', label: 'Ladders', icon: TrendingDown },
  { path: '/admin/rollouts', page: 'rollouts', label: 'Roll-outs', icon: Split },
  { path: '/admin/keys', page: 'platform-keys', label: 'Keys', icon: KeyRound },
  { path: '/admin/books', page: 'books', label: 'Books', icon: BookOpenText },
  { path: '/admin/reconciliation', page: 'reconciliation', label: 'Reconciliation', icon: ReceiptText },
  { path: '/admin/trail', page: 'trail', label: 'Trail', icon: ScrollText },
];

const FOR_OPERATORS = new Set<Page>(['workspace', ...ADMIN_TABS.map(({ page }) => page)]);

export function isForOperators(page: Page | undefined): boolean {
  return page !== undefined && FOR_OPERATORS.has(page);
}

/** An operator who also works in a workspace has a way across. */
export function tabsFor(session: Session, page: Page | undefined): readonly Tab[] {
  if (session.kind === 'person') return PERSON_TABS;
  if (session.kind === 'workspace') return WORKSPACE_TABS;
  if (session.workspace === null) return ADMIN_TABS;
  return isForOperators(page)
    ? [...ADMIN_TABS, { path: '/usage', page: 'usage', label: session.workspace.name, icon: Gauge }]
    : [...WORKSPACE_TABS, { path: '/admin', page: 'margin', label: 'The owner’s books', icon: Scale }];
}

/** Under the thumb there is room for so many; the others lie behind one more. */
const BOTTOM_TABS = 4;

export function BottomTabs({ tabs, page }: { readonly tabs: readonly Tab[]; readonly page: Page | undefined }) {
  const [open, setOpen] = useState(false);
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      const outside = event instanceof PointerEvent && !(event.target instanceof Node && bar.current?.contains(event.target));
      if (outside || (event instanceof KeyboardEvent && event.key === 'Escape')) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);
  if (tabs.length === 0) return null;
  const more = tabs.slice(BOTTOM_TABS);
  return (
    <nav
      ref={bar}
      aria-label="Pages"
      className="on-hull fixed inset-x-0 bottom-0 z-20 border-t-4 border-[#c43a22] bg-hull pb-[env(safe-area-inset-bottom)] text-on-hull md:hidden"
    >
      {open ? (
        <ul id="more-pages" className="rising grid grid-cols-2 border-b border-on-hull/20 px-2 py-2">
          {more.map((tab) => (
            <li key={tab.path}>
              <TabLink tab={tab} current={tab.page === page} />
            </li>
          ))}
        </ul>
      ) : null}
      <ul className="flex">
        {tabs.slice(0, BOTTOM_TABS).map((tab) => (
          <li key={tab.path} className="flex-1">
            <TabLink tab={tab} current={tab.page === page} stacked />
          </li>
        ))}
        {more.length === 0 ? null : (
          <li className="flex-1">
            <button
              type="button"
              aria-expanded={open}
              aria-controls={open ? 'more-pages' : undefined}
              onClick={() => setOpen(!open)}
              className={`w-full ${STACKED} ${paint(more.some((tab) => tab.page === page))}`}
            >
              <Ellipsis size={22} aria-hidden="true" />
              More
            </button>
          </li>
        )}
      </ul>
    </nav>
  );
}

const STACKED = 'flex min-h-15 flex-col items-center justify-center gap-0.5 text-xs';

function paint(current: boolean): string {
  return current ? 'text-signal font-bold' : 'text-on-hull-soft hover:text-on-hull font-medium';
}

export function TabLink({
  tab,
  current,
  stacked = false,
}: {
  readonly tab: Tab;
  readonly current: boolean;
  readonly stacked?: boolean;
}) {
  const Icon = tab.icon;
  const shape = stacked
    ? STACKED
    : 'flex min-h-11 items-center gap-2 rounded-md px-3 text-[0.9375rem] whitespace-nowrap md:px-2 lg:px-3';
  return (
    <a
      href={tab.path}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => follow(event, tab.path)}
      className={`${shape} ${paint(current)}`}
    >
      <Icon size={stacked ? 22 : 18} aria-hidden="true" className={stacked ? '' : 'md:max-xl:hidden'} />
      <span className="max-w-[16ch] truncate">{tab.label}</span>
    </a>
  );
}
