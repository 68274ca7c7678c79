import { inBackground } from './background.ts';
import { Fault } from './fault.ts';

const BATCH_MAX = 512;
const WAITING_MAX = 10_000;

interface Waiting<Value> {
  readonly promise: Promise<Value | undefined>;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks things up many at a time: what is asked for while one look-up is under way goes into the next.
 * So a flood of unknown keys costs the database one query at a time, whatever its size; past 10,000 waiting it is refused by a fault.
 */
export class DataLoader<Value> {
  readonly #load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  #waiting = new Map<string, Waiting<Value>>();
  #busy = false;

  constructor(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#load = load;
  }

  load(key: string): Promise<Value | undefined> {
    const known = this.#waiting.get(key);
    if (known) return known.promise;
    if (this.#waiting.size >= WAITING_MAX) return Promise.reject(new Fault('too many lookups are waiting', { retryable: true }));
    const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
    this.#waiting.set(key, { promise, resolve, reject });
    if (!this.#busy) inBackground(this.#drain(), reject);
    return promise;
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH_MAX);
      // Taken out before the look-up, so that who asks from now on gets an answer no older than the question.
      for (const [key] of batch) this.#waiting.delete(key);
      try {
        const found = await this.#load(batch.map(([key]) => key));
        for (const [key, { resolve }] of batch) resolve(found.get(key));
      } catch (error) {
        for (const [, { reject }] of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
