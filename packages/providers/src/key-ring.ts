import { assert } from '@purser/core';
import { ProviderError } from './provider.ts';

/** One of several keys of an account; it is used by its share of all weights. */
export interface WeightedKey {
  readonly key: string;
  readonly weight: number;
}

interface RingKey extends WeightedKey {
  /** What it has saved up: the key with the most is next. */
  credit: number;
  /** `performance.now()` until which it is not asked, because its provider said so. */
  rests_until_ms: number;
}

/** A provider that names no time for a rate that is used up is asked again with that key after this. */
const RATE_REST_MS = 1_000;
/** A key that is not known, or whose account has no money, is seldom mended sooner. */
const ACCOUNT_REST_MS = 60_000;

/**
 * The keys of one provider. Calls are spread over them by weight, evenly rather than by chance; a key whose rate is used up, or which is
 * refused, rests as long as its provider says, while the others go on. Where all rest, the one whose rest ends first is asked.
 */
export class KeyRing {
  readonly #keys: readonly RingKey[];

  constructor(keys: readonly WeightedKey[]) {
    assert(keys.length > 0, 'a ring has a key');
    this.#keys = keys.map((key) => ({ ...key, credit: 0, rests_until_ms: 0 }));
  }

  /** All of them, to be struck out wherever they occur. */
  get secrets(): readonly string[] {
    return this.#keys.map(({ key }) => key).filter((key) => key !== '');
  }

  /** Makes a call with the next key. What the call throws goes on, and says whether another key may be tried. */
  async use<T>(call: (key: string) => Promise<T>, failureIn: (answer: T) => ProviderError | null = () => null): Promise<T> {
    const key = this.#next();
    try {
      const answer = await call(key.key);
      const failure = failureIn(answer);
      if (failure !== null) this.#note(key, failure);
      return answer;
    } catch (error) {
      if (error instanceof ProviderError) this.#note(key, error);
      throw error;
    }
  }

  #next(): RingKey {
    const [only] = this.#keys;
    if (this.#keys.length === 1 && only !== undefined) return only;
    const now_ms = performance.now();
    const awake = this.#keys.filter(({ rests_until_ms }) => rests_until_ms <= now_ms);
    if (awake.length === 0)
      return this.#keys.reduce((soonest, key) => (key.rests_until_ms < soonest.rests_until_ms ? key : soonest));
    let next: RingKey | undefined;
    for (const key of awake) {
      key.credit += key.weight;
      if (next === undefined || key.credit > next.credit) next = key;
    }
    assert(next, 'one of those that are awake is next');
    next.credit -= awake.reduce((sum, { weight }) => sum + weight, 0);
    return next;
  }

  #note(key: RingKey, error: ProviderError): void {
    if (this.#keys.length === 1) return;
    const rest_ms = restFor(error);
    if (rest_ms === undefined) return;
    const now_ms = performance.now();
    key.rests_until_ms = now_ms + rest_ms;
    error.another_key = this.#keys.some(({ rests_until_ms }) => rests_until_ms <= now_ms);
  }
}

function restFor({ kind, blame, retry_after_ms }: ProviderError): number | undefined {
  if (blame === 'account') return retry_after_ms ?? ACCOUNT_REST_MS;
  return kind === 'rate_limited' ? (retry_after_ms ?? RATE_REST_MS) : undefined;
}
