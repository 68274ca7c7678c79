const FIRST_MS = 1_000;
const MOST_MS = 300_000;

/**
 * How long to wait after so many failed attempts: 1 s, 2 s, 4 s … at most 5 minutes, of which a random half is taken off, so that what
 * failed together does not come back together. `random` is in [0, 1).
 */
export function backoffMs(attempts: number, random: number): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.round(most * (1 - random / 2));
}
