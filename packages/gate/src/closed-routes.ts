import type { Clock } from '@purser/base';

/** Models that cost more than was held for them. Each stays closed for a while, then is given another chance. */
export class ClosedRoutes {
  readonly #until = new Map<string, Temporal.Instant>();
  readonly #clock: Clock;
  readonly #closed_ms: number;

  constructor(clock: Clock, closed_ms: number) {
    this.#clock = clock;
    this.#closed_ms = closed_ms;
  }

  get seconds(): number {
    return Math.ceil(this.#closed_ms / 1000);
  }

  close(model: string): void {
    this.#until.set(model, this.#clock.now().add({ milliseconds: this.#closed_ms }));
  }

  has(model: string): boolean {
    const until = this.#until.get(model);
    if (until === undefined) return false;
    if (Temporal.Instant.compare(this.#clock.now(), until) < 0) return true;
    this.#until.delete(model);
    return false;
  }
}
