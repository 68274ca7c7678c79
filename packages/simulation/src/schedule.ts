/** What is planned for which hour; within one in the order it was planned. */
export class Schedule<T> {
  readonly #hours = new Map<number, T[]>();

  at(hour: number, happening: T): void {
    const planned = this.#hours.get(hour);
    if (planned) planned.push(happening);
    else this.#hours.set(hour, [happening]);
  }

  take(hour: number): T[] {
    const planned = this.#hours.get(hour) ?? [];
    this.#hours.delete(hour);
    return planned;
  }
}
