import type { Session } from '@purser/api';
import { ArrowLeftRight, type LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';

import type { Path } from '../browser/route.ts';
import type { Area } from '../feature.ts';
import { PAGES } from '../features/index.ts';
import { t } from '../words/translate.ts';
import { mayOpen } from './session.ts';

export interface Tab {
  readonly path: Path;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly badge?: ComponentType;
}

/** The navigation of one side of the page, from the manifests; an operator who also works in a workspace has a way across. */
export function tabsFor(session: Session, area: Exclude<Area, 'public'>): readonly Tab[] {
  const tabs = PAGES.filter((page) => page.area === area && mayOpen(session, page))
    .flatMap(({ path, tab }) => (tab === undefined ? [] : [{ path, ...tab }]))
    .toSorted((a, b) => a.order - b.order);
  if (session.kind !== 'admin' || session.workspace === null) return tabs;
  const across: Tab =
    area === 'operator'
      ? { path: '/usage', label: session.workspace.name, icon: ArrowLeftRight }
      : { path: '/admin', label: t('Admin'), icon: ArrowLeftRight };
  return [...tabs, across];
}
