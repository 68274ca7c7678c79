import type { Catalog } from './catalog.ts';
import type { Mistake, Path } from './mistakes.ts';
import { mistakeAt, type Source } from './source.ts';

/** Reports a mistake at a place of one file. */
export type Report = (path: Path, given: string, wanted: string) => void;

export function reporter(source: Source, mistakes: Mistake[]): Report {
  return (path, given, wanted) => mistakes.push(mistakeAt(source, path, given, wanted));
}

export function knownProviders(catalog: Catalog): string {
  return `one of ${catalog.providers.join(', ')}`;
}

/** At most this many names are listed in a mistake. */
const NAMES_MAX = 12;

export function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing: there is none';
  return `one of ${names.slice(0, NAMES_MAX).join(', ')}${names.length > NAMES_MAX ? ', …' : ''}`;
}
