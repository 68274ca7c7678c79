import { type Clock, LruCache } from '@purser/core';

interface Kept<Value> {
  readonly value: Promise<Value>;
  readonly until_ms: number;
}

/**
 * Answers that are costly to work out and may be a few seconds old, such as sums over all the books. Those who ask for the same at once
 * wait for one working out; what failed is asked anew.
 */
export class Remembered<Value> {
  readonly #kept: LruCache<string, Kept<Value>>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #for_ms: number;

  constructor(clock: Pick<Clock, 'now'>, { for_ms, entries_max }: { readonly for_ms: number; readonly entries_max: number }) {
    this.#clock = clock;
    this.#for_ms = for_ms;
    this.#kept = new LruCache(entries_max);
  }

  of(key: string, work: () => Promise<Value>): Promise<Value> {
    const now_ms = this.#clock.now().epochMilliseconds;
    const known = this.#kept.get(key);
    if (known && known.until_ms > now_ms && known.until_ms <= now_ms + this.#for_ms) return known.value;
    const value = work();
    const kept = { value, until_ms: now_ms + this.#for_ms };
    this.#kept.set(key, kept);
    value.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    return value;
  }
}
