import { type Clock, LruCache } from '@purser/core';

interface Kept<Value> {
  readonly value: Promise<Value>;
  /** Undefined while it is worked out. */
  known_ms: number | undefined;
}

/**
 * Answers that are costly to work out and may be a few seconds old, such as sums over all the books. Those who ask for the same while it is
 * worked out wait for that, however long it takes; its age counts from then on. What failed is asked anew.
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
    this.#forgetOld();
    const known = this.#kept.get(key);
    if (known && this.#isFresh(known)) return known.value;
    const kept: Kept<Value> = { value: work(), known_ms: undefined };
    this.#kept.set(key, kept);
    kept.value.then(
      () => {
        kept.known_ms = this.#clock.now().epochMilliseconds;
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.value;
  }

  #isFresh({ known_ms }: Kept<Value>): boolean {
    if (known_ms === undefined) return true;
    const age_ms = this.#clock.now().epochMilliseconds - known_ms;
    return age_ms >= 0 && age_ms < this.#for_ms;
  }

  /** A report of all workspaces is large: it does not wait for others to take its place. */
  #forgetOld(): void {
    for (let oldest = this.#kept.oldest(); oldest && !this.#isFresh(oldest[1]); oldest = this.#kept.oldest()) {
      this.#kept.delete(oldest[0]);
    }
  }
}
