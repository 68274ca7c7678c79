import type { LucideIcon } from 'lucide-react';
import { type ComponentType, lazy } from 'react';

import type { Parameters, Path } from './browser/route.ts';

export interface PageProps {
  /** What the names in the page’s path stand for. */
  readonly parameters: Parameters;
}

/** Who a page is for: those who work in a workspace, those who run the installation, or anybody, signed in or not. */
export type Area = 'workspace' | 'operator' | 'public';

export interface Page {
  readonly path: Path;
  /** Of the window, and in the command palette. */
  readonly title: string;
  readonly area: Area;
  readonly show: ComponentType<PageProps>;
  /** Its place in the navigation, counted from the left; absent: other pages lead to it. */
  readonly tab?: { readonly order: number; readonly label: string; readonly icon: LucideIcon; readonly badge?: ComponentType };
  /** Somebody who belongs to no workspace has it as well. */
  readonly without_workspace?: true;
}

/** A product’s part of the page. Routes, navigation and command palette follow from the manifests in `features/index.ts`. */
export interface Feature {
  readonly name: string;
  readonly pages: readonly Page[];
}

/** Loads a page when it is first gone to: most readers never need the bytes of most pages. */
export function late(load: () => Promise<ComponentType<PageProps>>): ComponentType<PageProps> {
  let loading: Promise<ComponentType<PageProps>> | undefined;
  const loadOnce = (): Promise<ComponentType<PageProps>> => {
    loading ??= load().catch((error: unknown) => {
      // Asked for again when the page is gone to again.
      loading = undefined;
      throw error;
    });
    return loading;
  };
  const show = lazy(async () => ({ default: await loadOnce() }));
  LOADS.set(show, loadOnce);
  return show;
}

const LOADS = new WeakMap<ComponentType<PageProps>, () => Promise<unknown>>();

/** Begins to load a page before it is shown. That it cannot be had is told when it is. */
export function fetchAhead({ show }: Pick<Page, 'show'>): void {
  LOADS.get(show)?.().catch(() => undefined);
}
