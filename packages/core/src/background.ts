/**
 * Lets work go on that nobody waits for. When it fails `failed` hears of it, and the process lives: a rejection that nobody hears of
 * would end it. The lint rule on floating promises allows no other way.
 */
export function inBackground(work: Promise<unknown>, failed: (error: unknown) => void): void {
  work.catch(failed);
}
