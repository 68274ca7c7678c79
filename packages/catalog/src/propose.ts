import { buildTerms } from './build.ts';
import type { Catalogue } from './catalogue.ts';
import { checkReferences } from './check-references.ts';
import { CatalogueFault, type Mistake } from './mistakes.ts';
import { catalogueSchema } from './schema.ts';
import { parseBy, parseSource } from './source.ts';

/**
 * The text of a catalogue that may come to be for sale, over the facts of the one that is: models, providers and prices.
 * @throws CatalogueFault that lists every mistake.
 */
export function proposeCatalogue(
  text: string,
  current: Pick<Catalogue, 'prices' | 'price_list' | 'models' | 'providers' | 'failed_calls'>,
): Catalogue {
  const mistakes: Mistake[] = [];
  const main = parseSource('catalogue', text, mistakes);
  const raw = main && parseBy(catalogueSchema, main, mistakes);
  if (!main || !raw) throw new CatalogueFault(mistakes);
  const { prices, price_list, models, providers, failed_calls } = current;
  const catalogue = { ...buildTerms(raw, main, mistakes), prices, price_list, models, providers, failed_calls };
  checkReferences(catalogue, { main, modelsSource: main }, mistakes);
  if (mistakes.length > 0) throw new CatalogueFault(mistakes);
  return catalogue;
}
