/** Meters this process has used of late: these surely exist and need not be described to the database. Bounded: the oldest are forgotten. */
export class KnownMeters {
  readonly #ids = new Set<string>();
  readonly #idsMax: number;

  constructor(ids_max = 200_000) {
    this.#idsMax = ids_max;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#ids.add(id);
    if (this.#ids.size <= this.#idsMax) return;
    let over = this.#ids.size - this.#idsMax;
    for (const id of this.#ids) {
      if (over-- === 0) break;
      this.#ids.delete(id);
    }
  }
}
