import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Draws from the distributions a customer's behaviour is made of; the same seed draws the same. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** In [0, 1). */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** The time to the next of events that come `rate` to the unit of time. */
  exponential(rate: number): number {
    return -Math.log1p(-this.uniform()) / rate;
  }

  /** Half of the draws lie below `median`; `spread` is the standard deviation of their logarithm. */
  logNormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniform()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.uniform()));
  }

  /** One of `choices`, as often as its weight is of all weights. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let left = this.uniform() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    const last = choices.at(-1);
    if (last === undefined) throw new RangeError('nothing to choose from');
    return last[0];
  }
}
