/** What will happen, by the second; within one in the order it was written down. */
export class Agenda {
  readonly #entries: { readonly at: number; readonly order: number; readonly run: (at: number) => void }[] = [];
  #order = 0;

  at(at: number, run: (at: number) => void): void {
    this.#entries.push({ at, order: this.#order++, run });
  }

  /** Runs everything until `to`, with what it leads to. */
  run(to: number): void {
    for (;;) {
      let next = -1;
      for (const [index, entry] of this.#entries.entries()) {
        const best = this.#entries[next];
        if (entry.at < to && (best === undefined || entry.at < best.at || (entry.at === best.at && entry.order < best.order)))
          next = index;
      }
      const [entry] = next < 0 ? [] : this.#entries.splice(next, 1);
      if (entry === undefined) return;
      entry.run(entry.at);
    }
  }
}
