/** The one source of "now". Durations and time limits use monotonic timers instead, so a clock that jumps never shortens or stretches them. */
export interface Clock {
  now(): Temporal.Instant;
}

export const systemClock: Clock = { now: () => Temporal.Now.instant() };

/** A clock that stands still until it is moved, and only ever moves forward. */
export class TestClock implements Clock {
  #now: Temporal.Instant;

  constructor(start: Temporal.Instant) {
    this.#now = start;
  }

  now(): Temporal.Instant {
    return this.#now;
  }

  /** @throws RangeError when `to` lies before the present of this clock. */
  moveTo(to: Temporal.Instant): void {
    if (Temporal.Instant.compare(to, this.#now) < 0) {
      throw new RangeError(`the test clock is at ${this.#now} and only moves forward; got ${to}`);
    }
    this.#now = to;
  }

  advance(by: Temporal.DurationLike): void {
    this.moveTo(this.#now.add(by));
  }
}

/**
 * The system clock plus an offset that can grow. Started services stay alive (time passes),
 * yet months can be skipped: what `POST /api/admin/clock` moves.
 */
export class OffsetClock implements Clock {
  #offset = Temporal.Duration.from({ milliseconds: 0 });
  readonly #base: Clock;

  /** It starts at the present of its base, or at an instant before or after that. */
  constructor(base: Clock = systemClock, starts_at?: Temporal.Instant) {
    this.#base = base;
    if (starts_at !== undefined) this.#offset = starts_at.since(base.now());
  }

  now(): Temporal.Instant {
    return this.#base.now().add(this.#offset);
  }

  /** @throws RangeError when `to` lies before the present of this clock. */
  moveTo(to: Temporal.Instant): void {
    if (Temporal.Instant.compare(to, this.now()) < 0) {
      throw new RangeError(`the clock is at ${this.now()} and only moves forward; got ${to}`);
    }
    this.#offset = to.since(this.#base.now());
  }
}
