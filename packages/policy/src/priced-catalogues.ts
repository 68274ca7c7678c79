import { assert, type Pool } from '@purser/base';
import { type Catalogue, pricesOfVersion } from '@purser/catalog';

/** Catalogues at the prices that some workspaces are moved to; the same object for the same two, for policies are cached by it. */
export class PricedCatalogues {
  readonly #pool: Pool;
  readonly #current: Catalogue;
  readonly #prices = new Map<string, Pick<Catalogue, 'prices' | 'price_list'>>();
  readonly #priced = new WeakMap<Catalogue, Map<string, Catalogue>>();

  constructor(pool: Pool, current: Catalogue) {
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
  at(catalogue: Catalogue, version: string): Catalogue {
    if (version === this.#current.price_list.version) return catalogue;
    const known = this.#priced.get(catalogue) ?? new Map<string, Catalogue>();
    this.#priced.set(catalogue, known);
    const found = known.get(version) ?? { ...catalogue, ...this.#of(version) };
    known.set(version, found);
    return found;
  }

  #of(version: string): Pick<Catalogue, 'prices' | 'price_list'> {
    const prices = this.#prices.get(version);
    assert(prices, `the prices ${version} are not at hand`);
    return { prices: prices.prices, price_list: prices.price_list };
  }
}
