import type { PriceBook } from '@purser/money';
import type { Source } from './source.ts';
import type { RawCatalog, RawModels } from './schema.ts';
import type { PriceList } from './catalog.ts';
import type { CatalogTables } from './tables.ts';

/** The files of a catalog as they were read. */
export interface CatalogParts {
  readonly main: Source;
  readonly raw: RawCatalog;
  readonly modelsSource: Source;
  readonly rawModels: RawModels;
  readonly prices: PriceBook;
  readonly price_list: PriceList;
  readonly tables: CatalogTables;
}
