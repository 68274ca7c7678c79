import type { Session } from '@purser/api';
import { ArrowLeftRight, Blocks, type LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';

import type { ModulePage } from '../api/queries.ts';
import { parametersAt, type Path } from '../browser/route.ts';
import type { Area } from '../feature.ts';
import { PAGES } from '../features/index.ts';
import { named, t } from '../words/translate.ts';
import { mayOpen } from './session.ts';

export interface Tab {
  readonly path: Path;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly badge?: ComponentType;
  /** Its module serves it: a link like any other. */
  readonly served?: true;
}

/**
 * The navigation of one side of the page: from the manifests, then what modules of the server bring; an operator who also works in a
 * workspace has a way across.
 */
export function tabsFor(session: Session, area: Exclude<Area, 'public'>, modules: readonly ModulePage[] = []): readonly Tab[] {
  const own = PAGES.filter((page) => page.area === area && mayOpen(session, page))
    .flatMap(({ path, tab }) => (tab === undefined ? [] : [{ path, ...tab }]))
    .toSorted((a, b) => a.order - b.order);
  const served = modules
    .filter(({ for: whom, path }) => whom === area && PAGES.every((page) => parametersAt(page.path, path) === undefined))
    .map(({ path, label }): Tab => ({ path, label: named(label), icon: Blocks, served: true }));
  const tabs = [...own, ...served];
  if (session.kind !== 'admin' || session.workspace === null) return tabs;
  const across: Tab =
    area === 'operator'
      ? { path: '/usage', label: session.workspace.name, icon: ArrowLeftRight }
      : { path: '/admin', label: t('Admin'), icon: ArrowLeftRight };
  return [...tabs, across];
}
