import { assert } from '@purser/core';
import type { Pool } from '@purser/database';
import { type Catalog, pricesOfVersion } from '@purser/catalog';

/** Catalogs at the prices that some workspaces are moved to; the same object for the same two, for policies are cached by it. */
export class PricedCatalogs {
  readonly #pool: Pool;
  readonly #current: Catalog;
  readonly #prices = new Map<string, Pick<Catalog, 'prices' | 'price_list'>>();
  readonly #priced = new WeakMap<Catalog, Map<string, Catalog>>();

  constructor(pool: Pool, current: Catalog) {
    this.#pool = pool;
    this.#current = current;
  }

  async read(version: string): Promise<void> {
    if (this.#prices.has(version)) return;
    const found = await pricesOfVersion(this.#pool, version, this.#current);
    assert(found, `the prices ${version} are in use and were never stored`);
    this.#prices.set(version, found);
  }

  /** Asserts that the version was read, unless it is that of the server. */
  at(catalog: Catalog, version: string): Catalog {
    if (version === this.#current.price_list.version) return catalog;
    const known = this.#priced.get(catalog) ?? new Map<string, Catalog>();
    this.#priced.set(catalog, known);
    const found = known.get(version) ?? { ...catalog, ...this.#of(version) };
    known.set(version, found);
    return found;
  }

  #of(version: string): Pick<Catalog, 'prices' | 'price_list'> {
    const prices = this.#prices.get(version);
    assert(prices, `the prices ${version} are not at hand`);
    return { prices: prices.prices, price_list: prices.price_list };
  }
}
