import { ChevronDown, Ellipsis } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

import type { Page } from '../feature.ts';
import { follow } from '../ui/link.tsx';
import { t } from '../words/translate.ts';
import type { Tab } from './tabs.ts';

interface TabsProps {
  readonly tabs: readonly Tab[];
  readonly page: Page | undefined;
}

/** So many lie open; the others behind one more. */
const TOP_TABS = 9;
const BOTTOM_TABS = 4;

/** A page of one thing stands under the tab of their list. */
function isCurrent(tab: Tab, page: Page | undefined): boolean {
  return page !== undefined && (page.path === tab.path || page.path.startsWith(`${tab.path}/:`));
}

export function TopTabs({ tabs, page }: TabsProps) {
  const shown = tabs.length > TOP_TABS ? tabs.slice(0, TOP_TABS - 3) : tabs;
  const more = tabs.slice(shown.length);
  return (
    <nav aria-label={t('Pages')} className="-mx-2 -mt-2 hidden pb-1 md:block lg:-mx-3">
      <ul className="flex">
        {shown.map((tab) => (
          <li key={tab.path}>
            <TabLink tab={tab} current={isCurrent(tab, page)} />
          </li>
        ))}
        {more.length === 0 ? null : (
          <li className="relative">
            <More key={page?.path} tabs={more} page={page} />
          </li>
        )}
      </ul>
    </nav>
  );
}

function More({ tabs, page }: TabsProps) {
  const here = tabs.find((tab) => isCurrent(tab, page));
  const { open, setOpen, around } = useDisclosure<HTMLDivElement>();
  return (
    <div ref={around}>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className={`flex min-h-11 items-center gap-1.5 rounded-md px-3 text-[0.9375rem] ${paint(here !== undefined)}`}
      >
        {t('More')} <ChevronDown size={16} aria-hidden="true" />
      </button>
      {open ? (
        <ul className="rising absolute right-0 z-30 min-w-52 rounded-b-lg bg-hull p-2 shadow-deck ring-1 ring-on-hull/25">
          {tabs.map((tab) => (
            <li key={tab.path}>
              <TabLink tab={tab} current={isCurrent(tab, page)} icon />
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

/** Opened by a button; closed by it, by Escape, and by a press elsewhere. */
function useDisclosure<Element extends HTMLElement>() {
  const [open, setOpen] = useState(false);
  const around = useRef<Element>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      const outside = event instanceof PointerEvent && !(event.target instanceof Node && around.current?.contains(event.target));
      if (outside || (event instanceof KeyboardEvent && event.key === 'Escape')) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);
  return { open, setOpen, around };
}

export function BottomTabs({ tabs, page }: TabsProps) {
  const { open, setOpen, around } = useDisclosure<HTMLElement>();
  if (tabs.length === 0) return null;
  const more = tabs.slice(BOTTOM_TABS);
  return (
    <nav
      ref={around}
      aria-label={t('Pages')}
      className="on-hull fixed inset-x-0 bottom-0 z-20 border-t-4 border-[#c43a22] bg-hull pb-[env(safe-area-inset-bottom)] text-on-hull md:hidden"
    >
      {open ? (
        <ul id="more-pages" className="rising grid grid-cols-2 border-b border-on-hull/20 px-2 py-2">
          {more.map((tab) => (
            <li key={tab.path}>
              <TabLink tab={tab} current={isCurrent(tab, page)} icon />
            </li>
          ))}
        </ul>
      ) : null}
      <ul className="flex">
        {tabs.slice(0, BOTTOM_TABS).map((tab) => (
          <li key={tab.path} className="min-w-0 flex-1">
            <TabLink tab={tab} current={isCurrent(tab, page)} stacked />
          </li>
        ))}
        {more.length === 0 ? null : (
          <li className="flex-1">
            <button
              type="button"
              aria-expanded={open}
              aria-controls={open ? 'more-pages' : undefined}
              onClick={() => setOpen(!open)}
              className={`w-full ${STACKED} ${paint(more.some((tab) => isCurrent(tab, page)))}`}
            >
              <Ellipsis size={22} aria-hidden="true" />
              {t('More')}
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

interface TabLinkProps {
  readonly tab: Tab;
  readonly current: boolean;
  readonly stacked?: boolean;
  /** With its icon whatever the width. */
  readonly icon?: boolean;
}

function TabLink({ tab, current, stacked = false, icon = false }: TabLinkProps) {
  const { icon: Icon, badge: Badge } = tab;
  const shape = stacked
    ? STACKED
    : 'flex min-h-11 items-center gap-2 rounded-md px-3 text-[0.9375rem] whitespace-nowrap md:px-2 lg:px-3';
  return (
    <a
      href={tab.path}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => tab.served || follow(event, tab.path)}
      className={`${shape} ${paint(current)}`}
    >
      <span className="relative">
        <Icon size={stacked ? 22 : 18} aria-hidden="true" className={stacked || icon ? '' : 'md:max-xl:hidden'} />
        {stacked && Badge !== undefined ? <Badge /> : null}
      </span>
      <span className="max-w-[16ch] truncate">{tab.label}</span>
      {!stacked && Badge !== undefined ? <Badge /> : null}
    </a>
  );
}
