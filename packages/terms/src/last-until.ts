/** The place of the last of these, which are in the order of time, that is not after a moment; −1: all are. */
export function lastUntil<T>(sorted: readonly T[], at: Temporal.Instant, when: (one: T) => Temporal.Instant): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = sorted[middle];
    if (one !== undefined && Temporal.Instant.compare(when(one), at) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
