/**
 * A map of at most twice `generation_max` entries, for look-ups on every call: one read of a `Map`, nothing moved. When the young
 * generation is full it becomes the old one, and what was not looked up since the last time goes.
 */
export class Generations<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  readonly #generationMax: number;

  constructor(generation_max: number) {
    this.#generationMax = generation_max;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size <= this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
