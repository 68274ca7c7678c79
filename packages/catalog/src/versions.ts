import { assert, Fault } from '@purser/core';
import type { Pool, Queryable, SchemaMigrations } from '@purser/database';

import { buildTerms } from './build.ts';
import type { Catalog } from './catalog.ts';
import { describeMistake, type Mistake } from './mistakes.ts';
import { schemasFor } from './schema.ts';
import { parseBy, parseSource } from './source.ts';

export const catalogMigrations: SchemaMigrations = { schema: 'catalog', directory: new URL('../migrations/', import.meta.url) };

/** Keeps what the catalog sells, for ever; storing a version again changes nothing. Returns whether it was new. */
export async function storeCatalog(pool: Pool, catalog: Catalog, now: Temporal.Instant): Promise<boolean> {
  const { version, name, text } = catalog;
  const { rowCount } = await pool.query(
    'insert into catalog.version (version, name, text, stored_at) values ($1, $2, $3, $4) on conflict do nothing',
    [version, name, text, now.toString()],
  );
  if (rowCount === 1) return true;
  const { rows } = await pool.query<{ text: string }>('select text from catalog.version where version = $1', [version]);
  assert(rows[0]?.text === text, `two catalogs share the version ${version}`);
  return false;
}

/**
 * The catalog as it was at a stored version: its plans, packs, ladders, credit, license terms and alerts, over the facts of `current`
 * (prices, exchange rates, models, providers, operations, pools, global budget, quotas that there are), which are the same for everyone. Undefined when it was never stored.
 * @throws Fault when the stored text can no longer be read.
 */
export async function catalogVersion(tx: Queryable, version: string, current: Catalog): Promise<Catalog | undefined> {
  if (version === current.version) return current;
  const { rows } = await tx.query<{ text: string }>('select text from catalog.version where version = $1', [version]);
  const text = rows[0]?.text;
  if (text === undefined) return undefined;
  const mistakes: Mistake[] = [];
  const source = parseSource(version, text, mistakes);
  const raw = source && parseBy(schemasFor(current).catalog, source, mistakes);
  const sold = raw && buildTerms(raw, source, mistakes);
  if (!sold || mistakes.length > 0) {
    const reasons = mistakes.map(describeMistake).join('; ');
    throw new Fault(`the stored catalog ${version} cannot be read: ${reasons}`, { retryable: false });
  }
  const { name, plans, packs, ladders, credit, license, alerts } = sold;
  return { ...current, name, version, text, plans, packs, ladders, credit, license, alerts };
}

/** `on`: the connection of whoever asks in a transaction; transactions that hold every connection of the pool would wait for one more. */
export type CatalogVersions = (version: string, tx?: Queryable) => Promise<Catalog | undefined>;

/** A look-up of versions that reads each from the database once: what is stored never changes, and the same version is the same object. */
export function catalogVersions(pool: Pool, current: Catalog): CatalogVersions {
  const known = new Map<string, Promise<Catalog | undefined>>();
  return (version, on = pool) => {
    const found = known.get(version);
    if (found) return found;
    const reading = catalogVersion(on, version, current);
    known.set(version, reading);
    // A version that is missing now may be stored by another process, and a failed read may succeed: neither is remembered.
    reading.then(
      (catalog) => catalog ?? known.delete(version),
      () => known.delete(version),
    );
    return reading;
  };
}
