import { type Clock, systemClock } from '@purser/core';
import { type Repetition, repeat } from '@purser/core';
import type { Queryable } from './pool.ts';

const MEASURE_EVERY_MS = 5_000;
/** So many questions at the start, since the first may have waited for its connection. */
const FIRST_MEASURES = 3;

/**
 * The time of the database, without asking it: what one server writes down another reads, so all of them go by one clock, and a machine
 * whose own is wrong changes nothing. Between two measures, and while the database is away, time goes on by the monotonic timer.
 */
export class DatabaseClock implements Clock {
  readonly #database: Queryable;
  readonly #onDifference: (machine_ahead_ms: number) => void;
  /** Between what the database's clock says and the monotonic timer. */
  #offset_ms = 0;
  #measuring: Repetition | undefined;

  private constructor(database: Queryable, onDifference: (machine_ahead_ms: number) => void) {
    this.#database = database;
    this.#onDifference = onDifference;
  }

  /** `onDifference` hears at every measure how far the clock of this machine is ahead of the database's. @throws when that does not answer. */
  static async open(
    database: Queryable,
    onDifference: (machine_ahead_ms: number) => void,
    every_ms = MEASURE_EVERY_MS,
  ): Promise<DatabaseClock> {
    const clock = new DatabaseClock(database, onDifference);
    let [low, high] = await clock.#measure();
    for (let measures = 1; measures < FIRST_MEASURES; measures++) {
      const [next_low, next_high] = await clock.#measure();
      if (next_high - next_low < high - low) [low, high] = [next_low, next_high];
    }
    clock.#offset_ms = (low + high) / 2;
    clock.#measuring = repeat(
      every_ms,
      () => clock.#correct(),
      () => {
        // Whoever needs the database meets the fault itself; the time goes on.
      },
    );
    return clock;
  }

  now(): Temporal.Instant {
    const micros = Math.floor((performance.now() + this.#offset_ms) * 1_000);
    return Temporal.Instant.fromEpochNanoseconds(BigInt(micros) * 1_000n);
  }

  async close(): Promise<void> {
    await this.#measuring?.stop();
  }

  /** No further than the measure proves, so a slow answer moves nothing. */
  async #correct(): Promise<void> {
    const [low, high] = await this.#measure();
    this.#offset_ms = Math.min(Math.max(this.#offset_ms, low), high);
    this.#onDifference(systemClock.now().epochMilliseconds - this.now().epochMilliseconds);
  }

  /** The offset lies between these: the database looked at its clock after it was asked, and before it answered. */
  async #measure(): Promise<readonly [low: number, high: number]> {
    const asked_ms = performance.now();
    const { rows } = await this.#database.query<{ ms: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
    );
    const answered_ms = performance.now();
    const ms = rows[0]?.ms ?? Number.NaN;
    return [ms - answered_ms, ms - asked_ms];
  }
}
