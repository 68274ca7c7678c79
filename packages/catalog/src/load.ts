import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type ModelPrice, PriceBook } from '@purser/money';

import { buildCatalogue } from './build.ts';
import type { Catalogue } from './catalogue.ts';
import { CatalogueFault, type Mistake } from './mistakes.ts';
import { buildPrices } from './prices.ts';
import { catalogueSchema, modelsSchema, pricesSchema } from './schema.ts';
import { parseBy, readSource } from './source.ts';

/** The founder's own price file. */
export const OWN_PRICES = 'provider_costs.yml';
/** Written by `purser prices import`; read when it is there. */
export const IMPORTED_PRICES = 'imported_prices.json';
const MODELS = 'models.yml';

/**
 * Reads a catalogue and, beside it, its models and prices (`models.yml`, `provider_costs.yml` and imported prices, unless it names others).
 * @throws CatalogueFault that lists every mistake with its place.
 */
export async function loadCatalogue(path: string): Promise<Catalogue> {
  const mistakes: Mistake[] = [];
  const main = await readSource(path, mistakes);
  const raw = main && parseBy(catalogueSchema, main, mistakes);
  const directory = dirname(path);

  const modelsSource = await readSource(join(directory, raw?.models ?? MODELS), mistakes);
  const rawModels = modelsSource && parseBy(modelsSchema, modelsSource, mistakes);

  const prices: ModelPrice[] = [];
  const priceFiles = [...(raw?.prices ?? [OWN_PRICES])];
  if (await exists(join(directory, IMPORTED_PRICES))) priceFiles.push(IMPORTED_PRICES);
  for (const file of priceFiles) {
    const source = await readSource(join(directory, file), mistakes);
    if (!source) continue;
    const rawPrices = parseBy(pricesSchema, source, mistakes);
    if (rawPrices) prices.push(...buildPrices(rawPrices, source, mistakes));
  }

  if (!main || !raw || !modelsSource || !rawModels) throw new CatalogueFault(mistakes);
  const catalogue = buildCatalogue({ main, raw, modelsSource, rawModels, prices: new PriceBook(prices) }, mistakes);
  if (mistakes.length > 0) throw new CatalogueFault(mistakes);
  return catalogue;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
