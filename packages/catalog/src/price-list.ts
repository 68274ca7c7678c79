import { createHash } from 'node:crypto';

import { assert, Fault } from '@purser/core';
import type { Pool } from '@purser/database';
import { type ModelPrice, PriceBook } from '@purser/money';

import type { Catalog, PriceList } from './catalog.ts';
import { checkReferences } from './check-references.ts';
import { CatalogFault, describeMistake, type Mistake } from './mistakes.ts';
import { buildPrices } from './prices.ts';
import { pricesSchema } from './schema.ts';
import { parseBy, parseSource } from './source.ts';

/** No catalog's version begins so: those are `<name>@<hash>`. */
const MARK = 'prices:';

export function isPriceVersion(version: string): boolean {
  return version.startsWith(MARK);
}

/** What was written by hand, under a version that is its content; imported prices stand beside it, the same under every version. */
export function priceList(text: string, imported: readonly ModelPrice[]): PriceList {
  const version = `${MARK}${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  return Object.freeze({ version, text, imported });
}

/**
 * The catalog that is for sale at the prices of another `provider_costs.yml`; all else stays.
 * @throws CatalogFault that lists every mistake.
 */
export function proposePrices(text: string, current: Catalog): Catalog {
  const mistakes: Mistake[] = [];
  const source = parseSource('provider_costs.yml', text, mistakes);
  const raw = source && parseBy(pricesSchema, source, mistakes);
  if (!source || !raw) throw new CatalogFault(mistakes);
  const { imported } = current.price_list;
  const prices = new PriceBook([...buildPrices(raw, source, mistakes), ...imported]);
  const catalog = { ...current, prices, price_list: priceList(text, imported) };
  checkReferences(catalog, { main: source, modelsSource: source }, mistakes);
  if (mistakes.length > 0) throw new CatalogFault(mistakes);
  return catalog;
}

/** Keeps a price list, for ever; storing it again changes nothing. */
export async function storePrices(pool: Pool, { price_list: { version, text } }: Catalog, now: Temporal.Instant): Promise<void> {
  const { rowCount } = await pool.query(
    'insert into catalog.price_list (version, text, stored_at) values ($1, $2, $3) on conflict do nothing',
    [version, text, now.toString()],
  );
  if (rowCount === 1) return;
  const { rows } = await pool.query<{ text: string }>('select text from catalog.price_list where version = $1', [version]);
  assert(rows[0]?.text === text, `two price lists share the version ${version}`);
}

/**
 * The prices of a stored version, for any catalog. Undefined when it was never stored.
 * @throws Fault when the stored text can no longer be read.
 */
export async function pricesOfVersion(
  pool: Pool,
  version: string,
  current: Catalog,
): Promise<Pick<Catalog, 'prices' | 'price_list'> | undefined> {
  if (version === current.price_list.version) return current;
  const { rows } = await pool.query<{ text: string }>('select text from catalog.price_list where version = $1', [version]);
  const text = rows[0]?.text;
  if (text === undefined) return undefined;
  try {
    const { prices, price_list } = proposePrices(text, current);
    return { prices, price_list };
  } catch (error) {
    if (!(error instanceof CatalogFault)) throw error;
    const reasons = error.mistakes.map(describeMistake).join('; ');
    throw new Fault(`the stored prices ${version} cannot be used: ${reasons}`, { retryable: false });
  }
}
