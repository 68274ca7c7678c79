/**
 * How unusual an hour's spend is: hours that spent anything in the last four weeks, their logarithms, median and MAD. Spend is
 * spread by factors rather than by sums, so the logarithm makes a quiet hour and a busy one equally far from the middle; median and
 * MAD are unmoved by the very spikes that are looked for (up to half of the hours).
 */

/** The hours looked back at. */
export const HISTORY_HOURS = 28 * 24;

/** Fewer hours of spend than this say nothing about the next. */
const HOURS_MIN = 24;

/** An hour is unusual beyond so many deviations. Back-tested in `anomaly.test.ts`. */
const DEVIATIONS = 4;

/** MAD × this is the standard deviation of a normal distribution (1 / Φ⁻¹(3/4)). */
const MAD_TO_SIGMA = 1.4826;

/** Perfectly regular spend still varies by this factor before it is four deviations away: e^(4 × 0.3) = 3.3. */
const SIGMA_MIN = 0.3;

/**
 * From which spend on an hour is unusual: median × e^(4σ), σ from the MAD of the logarithms, and never less than `floor`. With too
 * little history nothing is judged: undefined.
 */
export function unusualFrom(history: readonly number[], floor: number): number | undefined {
  const logs = history.filter((amount) => amount > 0).map((amount) => Math.log(amount));
  if (logs.length < HOURS_MIN) return undefined;
  const middle = median(logs);
  const sigma = Math.max(SIGMA_MIN, MAD_TO_SIGMA * median(logs.map((log) => Math.abs(log - middle))));
  return Math.max(floor, Math.exp(middle + DEVIATIONS * sigma));
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted();
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
