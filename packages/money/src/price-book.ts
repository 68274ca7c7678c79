import type { ModelPrice } from './price.ts';

/** Effective-dated prices. Immutable: a new price is a new entry with a later `from`, so old usage keeps its old price. */
export class PriceBook {
  readonly #byKey: ReadonlyMap<string, readonly ModelPrice[]>;
  readonly entries: readonly ModelPrice[];

  /** Of two entries with the same key and `from`, the later in the list holds. */
  constructor(entries: Iterable<ModelPrice>) {
    this.entries = Object.freeze([...entries]);
    const byKey = new Map<string, ModelPrice[]>();
    for (const entry of this.entries) {
      const key = priceKey(entry.provider, entry.model);
      const dated = byKey.get(key);
      if (dated) dated.push(entry);
      else byKey.set(key, [entry]);
    }
    for (const dated of byKey.values()) dated.sort((a, b) => Temporal.Instant.compare(a.from, b.from));
    this.#byKey = byKey;
  }

  /** The price in force at an instant; undefined when there is none (yet). */
  find(provider: string, model: string, at: Temporal.Instant): ModelPrice | undefined {
    return this.findByKey(priceKey(provider, model), at);
  }

  /** As `find`, by `provider/model`. */
  findByKey(key: string, at: Temporal.Instant): ModelPrice | undefined {
    const prices = this.#byKey.get(key);
    // As integers: comparing instants as such takes ten times as long, and every call asks.
    const now = at.epochNanoseconds;
    return prices?.findLast((price) => price.from.epochNanoseconds <= now);
  }

  /** Every price of a key in order of date. */
  history(key: string): readonly ModelPrice[] {
    return this.#byKey.get(key) ?? [];
  }

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }
}

/** `provider/model`; the model's own name may contain slashes. */
export function priceKey(provider: string, model: string): string {
  return `${provider}/${model}`;
}
