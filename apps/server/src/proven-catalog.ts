import { Fault } from '@purser/core';
import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import {
  adapterNotes,
  type Catalog,
  type CatalogExtensions,
  CatalogFault,
  describeMistake,
  loadCatalog,
  proveCatalog,
} from '@purser/catalog';
import { catalogExtensions, type Module } from '@purser/module';
import { CARRIER_IDS } from '@purser/mail';
import { PROVIDER_IDS } from '@purser/providers';

import { MODULES } from './modules.ts';

/**
 * The catalog of the settings, each of its plans and packs proven to keep its margin at the prices of `now`.
 * @throws Fault in one line when it does not load, or does not prove and the settings do not allow that.
 */
export async function provenCatalog(
  settings: Settings,
  now: Temporal.Instant,
  log: Log,
  modules: readonly Module[] = MODULES,
): Promise<Catalog> {
  const catalog = await load(settings.catalog_file, catalogExtensions(modules));
  const { losses, notes } = proveCatalog(catalog, now);
  // Nothing is wrong with what they say; "plans check" prints them too.
  for (const note of [...notes, ...adapterNotes(catalog, [...PROVIDER_IDS, ...CARRIER_IDS, ...Object.keys(settings.providers)])])
    log.info({ catalog: catalog.version }, note);
  if (losses.length === 0) return catalog;
  const codes = [...new Set(losses.map(({ code }) => code))].join(', ');
  if (!settings.allow_unproven_catalog) {
    throw new Fault(
      `${settings.catalog_file} does not keep its margin: ${codes}; see "purser plans check", or set PURSER_ALLOW_UNPROVEN_CATALOG=1`,
      { retryable: false },
    );
  }
  log.error({ codes }, 'STARTED WITHOUT PROOF: these plans can fall below their margin (PURSER_ALLOW_UNPROVEN_CATALOG=1)');
  return catalog;
}

/** A start that fails says one line: the first mistake, and where the others are listed. */
async function load(file: string, extensions: CatalogExtensions): Promise<Catalog> {
  try {
    return await loadCatalog(file, extensions);
  } catch (error) {
    const [first, ...others] = error instanceof CatalogFault ? error.mistakes : [];
    if (first === undefined) throw error;
    const rest = others.length === 0 ? '' : `; and ${others.length} more, which "purser plans check ${file}" lists`;
    throw new Fault(`PURSER_CATALOG: ${describeMistake(first)}${rest}`, { retryable: false, cause: error });
  }
}
