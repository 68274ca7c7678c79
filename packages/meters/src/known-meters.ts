/** Ids of meters that surely exist, in two generations so that memory stays bounded: at most twice `generation_max`. */
export class KnownMeters {
  #young = new Set<string>();
  #old = new Set<string>();
  readonly #generationMax: number;

  constructor(generation_max = 200_000) {
    this.#generationMax = generation_max;
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#young.add(id);
    if (this.#young.size > this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Set();
    }
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
