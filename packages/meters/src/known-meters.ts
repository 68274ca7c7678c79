/**
 * Which meters need not be described to the database. At first those this process has used; once there are more than memory is kept
 * for, all: then one that is not known here nearly always exists, and to describe it each time costs more than to be told, now and
 * then, that one is missing.
 */
export class KnownMeters {
  readonly #ids = new Set<string>();
  readonly #idsMax: number;
  #presumed = false;

  constructor(ids_max = 200_000) {
    this.#idsMax = ids_max;
  }

  has(id: string): boolean {
    return this.#presumed || this.#ids.has(id);
  }

  add(ids: readonly string[]): void {
    if (this.#presumed) return;
    for (const id of ids) this.#ids.add(id);
    if (this.#ids.size <= this.#idsMax) return;
    this.#presumed = true;
    this.#ids.clear();
  }
}
