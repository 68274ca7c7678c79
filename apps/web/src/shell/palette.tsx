import type { Session } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { Building2, FileSearch, LogOut, type LucideIcon } from 'lucide-react';
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useRef, useState } from 'react';

import { modulePagesQuery } from '../api/queries.ts';
import { workspacesQuery } from '../api/workspaces.ts';
import { leaveFor } from '../browser/leave.ts';
import { navigate, type Path } from '../browser/route.ts';
import { chooseTheme, useTheme } from '../browser/theme.ts';
import { t } from '../words/translate.ts';
import { THEMES, useSignOut } from './account-buttons.tsx';
import { matching } from './match.ts';
import { tabsFor } from './tabs.ts';

interface Command {
  readonly id: string;
  readonly label: string;
  /** What kind of thing it leads to. */
  readonly about: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const SHOWN_MAX = 12;

/** Every page, every action and, for an operator, every workspace and transaction, by a few letters. */
export function Palette({ session, close }: { readonly session: Session; readonly close: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(session, typed).slice(0, SHOWN_MAX);
  const chosen = Math.min(at, commands.length - 1);
  useEffect(() => dialog.current?.showModal(), []);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    dialog.current?.close();
    command.run();
  };
  const pressed = (event: KeyboardEvent): void => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setAt((to + commands.length) % Math.max(1, commands.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(commands[chosen]);
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-label={t('Search or go to')}
      onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
      className="mx-auto mt-[12vh] w-[min(36rem,calc(100vw-1.5rem))] rounded-xl border border-edge bg-deck p-0 text-ink shadow-deck backdrop:bg-black/60"
    >
      <input
        role="combobox"
        aria-expanded={commands.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={commands[chosen] === undefined ? undefined : `${id}-${commands[chosen].id}`}
        aria-label={t('Search or go to')}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        placeholder={session.kind === 'admin' ? t('A page, a workspace or a transaction…') : t('A page…')}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={pressed}
        className="min-h-13 w-full rounded-t-xl border-b border-rule bg-deck px-4 text-lg -outline-offset-3 placeholder:text-ink-faint"
      />
      <Results id={id} commands={commands} chosen={chosen} run={run} look={setAt} />
      <p role="status" className={commands.length === 0 ? 'px-5 pb-5 text-ink-soft' : 'sr-only'}>
        {commands.length === 0
          ? t('Nothing found')
          : t('{count, plural, one {# result} other {# results}}', { count: commands.length })}
      </p>
    </dialog>
  );
}

interface ResultsProps {
  readonly id: string;
  readonly commands: readonly Command[];
  readonly chosen: number;
  readonly run: (command: Command) => void;
  readonly look: (place: number) => void;
}

function Results({ id, commands, chosen, run, look }: ResultsProps) {
  return (
    <ul id={`${id}-list`} role="listbox" aria-label={t('Results')} className="max-h-[55vh] overflow-y-auto p-2">
      {commands.map((command, place) => (
        <li
          key={command.id}
          id={`${id}-${command.id}`}
          role="option"
          aria-selected={place === chosen}
          onClick={() => run(command)}
          onPointerMove={() => look(place)}
          className={`flex min-h-11 cursor-pointer items-center gap-3 rounded-md px-3 ${place === chosen ? 'bg-store text-deck' : ''}`}
        >
          <command.icon size={18} aria-hidden="true" className="shrink-0" />
          <span className="min-w-0 truncate font-medium">{command.label}</span>
          <span className={`ml-auto shrink-0 text-sm ${place === chosen ? '' : 'text-ink-soft'}`}>{command.about}</span>
        </li>
      ))}
    </ul>
  );
}

function useCommands(session: Session, typed: string): readonly Command[] {
  const theme = useTheme();
  const sign_out = useSignOut();
  const operator = session.kind === 'admin';
  const wanted = useDeferredValue(typed.trim());
  const found = useQuery({ ...workspacesQuery(wanted), enabled: operator && wanted.length > 1 });
  const modules = useQuery(modulePagesQuery);
  const go = (path: Path) => () => navigate(path);
  const { to_next, icon } = THEMES[theme];
  const areas = session.kind !== 'admin' ? (['workspace'] as const) : (['operator', 'workspace'] as const);
  const pages = areas.flatMap((area) =>
    tabsFor(session, area, modules.data).map((tab): Command => ({
      id: `go${tab.path}`,
      label: tab.label,
      about: t('Page'),
      icon: tab.icon,
      run: tab.served ? () => leaveFor(tab.path) : go(tab.path),
    })),
  );
  const fixed: readonly Command[] = [
    ...pages.filter(({ id }, place) => pages.findIndex((other) => other.id === id) === place),
    { id: 'docs', label: t('API reference'), about: t('Page'), icon: FileSearch, run: go('/docs') },
    { id: 'theme', label: to_next, about: t('Action'), icon, run: () => chooseTheme(THEMES[theme].next) },
    { id: 'sign-out', label: t('Sign out'), about: t('Action'), icon: LogOut, run: () => void sign_out() },
  ];
  const workspaces = operator && wanted.length > 1 ? (found.data?.workspaces ?? []) : [];
  return [
    ...(operator && UUID.test(wanted)
      ? [
          {
            id: 'transaction',
            label: wanted,
            about: t('Transaction'),
            icon: FileSearch,
            run: go(`/admin/transactions/${wanted}`),
          },
        ]
      : []),
    ...matching(fixed, typed),
    ...workspaces.map(({ id, name }) => ({
      id,
      label: name,
      about: t('Workspace'),
      icon: Building2,
      run: go(`/admin/workspaces/${id}`),
    })),
  ];
}
