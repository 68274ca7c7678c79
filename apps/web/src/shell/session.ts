import type { Session } from '@purser/api';
import type { Area, Page } from '../feature.ts';

/** A workspace’s key opens no console, and the admin’s token belongs to no workspace: each has pages of its own. */
export function mayOpen(session: Session, { area, without_workspace }: Pick<Page, 'area' | 'without_workspace'>): boolean {
  if (area === 'public') return true;
  switch (session.kind) {
    case 'person':
      return without_workspace === true;
    case 'workspace':
      return area === 'workspace';
    case 'admin':
      return area === 'operator' || session.workspace !== null;
    default: {
      const never: never = session;
      return never;
    }
  }
}

/** The side of the page that its frame shows: the console, or a workspace. */
export function areaFor(session: Session, page: Pick<Page, 'area'> | undefined): Exclude<Area, 'public'> {
  if (page !== undefined && page.area !== 'public') return page.area;
  return session.kind === 'admin' ? 'operator' : 'workspace';
}
