import { buildTerms } from './build.ts';
import type { Catalog } from './catalog.ts';
import { checkReferences } from './check-references.ts';
import { CatalogFault, type Mistake } from './mistakes.ts';
import { schemasFor } from './schema.ts';
import { parseBy, parseSource } from './source.ts';

/**
 * The text of a catalog that may come to be for sale, over the facts of the one that is: models, providers and prices.
 * @throws CatalogFault that lists every mistake.
 */
export function proposeCatalog(
  text: string,
  current: Pick<Catalog, 'prices' | 'price_list' | 'models' | 'providers' | 'failed_calls' | 'quotas' | 'tasks'>,
): Catalog {
  const mistakes: Mistake[] = [];
  const main = parseSource('catalog', text, mistakes);
  const raw = main && parseBy(schemasFor(current).catalog, main, mistakes);
  if (!main || !raw) throw new CatalogFault(mistakes);
  const { prices, price_list, models, providers, failed_calls, quotas, tasks } = current;
  const catalog = { ...buildTerms(raw, main, mistakes), prices, price_list, models, providers, failed_calls, quotas, tasks };
  checkReferences(catalog, { main, modelsSource: main }, mistakes);
  if (mistakes.length > 0) throw new CatalogFault(mistakes);
  return catalog;
}
