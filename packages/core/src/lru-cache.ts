import { assert } from './fault.ts';

interface Entry<Key, Value> {
  readonly key: Key;
  value: Value;
  older: Entry<Key, Value> | undefined;
  younger: Entry<Key, Value> | undefined;
}

/**
 * A map that never holds more than `size_max` entries: the one that was used longest ago makes room.
 * A chain keeps the order. Putting an entry into the Map anew at each use would leave a grave there each time, and a key that is
 * used much has to pass its own graves: 30 µs a look-up.
 */
export class LruCache<Key, Value> {
  readonly #entries = new Map<Key, Entry<Key, Value>>();
  #oldest: Entry<Key, Value> | undefined;
  #youngest: Entry<Key, Value> | undefined;
  readonly size_max: number;

  constructor(size_max: number) {
    assert(Number.isSafeInteger(size_max) && size_max > 0, `a bounded map wants a size of at least one; got ${size_max}`);
    this.size_max = size_max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Does not count as a use. */
  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** Counts as a use. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#use(entry);
    return entry.value;
  }

  set(key: Key, value: Value): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#use(known);
      return;
    }
    const entry: Entry<Key, Value> = { key, value, older: undefined, younger: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    if (this.#entries.size > this.size_max && this.#oldest) this.delete(this.#oldest.key);
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#unlink(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = undefined;
    this.#youngest = undefined;
  }

  /** The entry that would make room next. */
  oldest(): readonly [Key, Value] | undefined {
    return this.#oldest && [this.#oldest.key, this.#oldest.value];
  }

  #use(entry: Entry<Key, Value>): void {
    if (entry === this.#youngest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  #append(entry: Entry<Key, Value>): void {
    entry.older = this.#youngest;
    entry.younger = undefined;
    if (this.#youngest) this.#youngest.younger = entry;
    else this.#oldest = entry;
    this.#youngest = entry;
  }

  #unlink({ older, younger }: Entry<Key, Value>): void {
    if (older) older.younger = younger;
    else this.#oldest = younger;
    if (younger) younger.older = older;
    else this.#youngest = older;
  }
}
