import { assert } from './fault.ts';

/** A map that never holds more than `size_max` entries: the one that was used longest ago makes room. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  /** The entry used last: using it once more moves nothing. */
  #youngest: Key | undefined;
  readonly size_max: number;

  constructor(size_max: number) {
    assert(Number.isSafeInteger(size_max) && size_max > 0, `a bounded map wants a size of at least one; got ${size_max}`);
    this.size_max = size_max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Counts as a use. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined || key === this.#youngest) return value;
    // A Map iterates in order of insertion, so putting an entry in again makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#youngest = key;
    return value;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#youngest = key;
    if (this.#entries.size > this.size_max) {
      const oldest = this.oldest();
      if (oldest) this.#entries.delete(oldest[0]);
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key);
    if (key === this.#youngest) this.#youngest = undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#youngest = undefined;
  }

  /** The entry that would make room next. */
  oldest(): readonly [Key, Value] | undefined {
    return this.#entries.entries().next().value;
  }
}
