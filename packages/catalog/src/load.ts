import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type ModelPrice, PriceBook } from '@purser/money';

import { buildCatalog } from './build.ts';
import type { Catalog } from './catalog.ts';
import { CatalogFault, type Mistake } from './mistakes.ts';
import { IMPORTED_MODELS, readImportedModels } from './imported-models.ts';
import { priceList } from './price-list.ts';
import { buildPrices } from './prices.ts';
import { type RawModels, type Schemas, schemasFor } from './schema.ts';
import { parseBy, parseSource, readSource } from './source.ts';
import { type CatalogExtensions, type CatalogTables, tablesWith, unitsOf } from './tables.ts';

/** The founder's own price file. */
export const OWN_PRICES = 'provider_costs.yml';
/** Written by `purser prices import`; read when it is there. */
export const IMPORTED_PRICES = 'imported_prices.json';
export const MODELS = 'models.yml';

/**
 * Reads a catalog and, beside it, its models and prices (`models.yml`, `provider_costs.yml` and imported prices, unless it names others).
 * `extensions`: the quotas and tasks that modules add to what it may name.
 * @throws CatalogFault that lists every mistake with its place.
 */
export async function loadCatalog(path: string, extensions: CatalogExtensions = {}): Promise<Catalog> {
  const mistakes: Mistake[] = [];
  const tables = tablesWith(extensions);
  const schemas = schemasFor(tables);
  const main = await readSource(path, mistakes);
  const raw = main && parseBy(schemas.catalog, main, mistakes);
  const directory = dirname(path);

  const modelsSource = await readSource(join(directory, raw?.models ?? MODELS), mistakes);
  const ownModels = modelsSource && parseBy(schemas.models, modelsSource, mistakes);
  const rawModels = ownModels && (await withImported(ownModels, directory, schemas, mistakes));

  const own = await readPrices(directory, raw?.prices ?? [OWN_PRICES], tables, mistakes);
  const is_imported = await exists(join(directory, IMPORTED_PRICES));
  const imported = await readPrices(directory, is_imported ? [IMPORTED_PRICES] : [], tables, mistakes);
  const price_list = priceList(own.texts.join('\n'), imported.prices);
  const prices = new PriceBook([...own.prices, ...imported.prices]);

  if (!main || !raw || !modelsSource || !rawModels) throw new CatalogFault(mistakes);
  const catalog = buildCatalog({ main, raw, modelsSource, rawModels, prices, price_list, tables }, mistakes);
  if (mistakes.length > 0) throw new CatalogFault(mistakes);
  return catalog;
}

/** The models that were imported, behind the catalog's own: of two of one id its own counts. */
async function withImported(own: RawModels, directory: string, schemas: Schemas, mistakes: Mistake[]): Promise<RawModels> {
  const path = join(directory, IMPORTED_MODELS);
  if (!(await exists(path))) return own;
  const known = new Set(own.models.map(({ id }) => id));
  const models = (await readImportedModels(path)).filter(
    ({ id, provider }) => !known.has(id) && own.providers.includes(provider),
  );
  if (models.length === 0) return own;
  const source = parseSource(IMPORTED_MODELS, JSON.stringify({ providers: own.providers, models }), mistakes);
  const imported = source && parseBy(schemas.models, source, mistakes);
  return imported ? { ...own, models: [...own.models, ...imported.models] } : own;
}

async function readPrices(
  directory: string,
  files: readonly string[],
  tables: CatalogTables,
  mistakes: Mistake[],
): Promise<{ texts: string[]; prices: ModelPrice[] }> {
  const texts: string[] = [];
  const prices: ModelPrice[] = [];
  for (const file of files) {
    const source = await readSource(join(directory, file), mistakes);
    if (!source) continue;
    texts.push(source.text);
    const raw = parseBy(schemasFor(tables).prices, source, mistakes);
    if (raw) prices.push(...buildPrices(raw, source, mistakes, unitsOf(tables)));
  }
  return { texts, prices };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
