import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * The longest that anybody else had to wait while the work was done, in milliseconds of processor time of this thread: between two turns
 * of its event loop. What other programs take of the machine does not count.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let over = false;
  let longest = 0;
  const watched = watch();
  try {
    await work();
  } finally {
    over = true;
    await watched;
  }
  return longest;

  async function watch(): Promise<void> {
    while (!over) {
      const before = process.threadCpuUsage();
      await nextTurn();
      const { user, system } = process.threadCpuUsage(before);
      longest = Math.max(longest, (user + system) / 1_000);
    }
  }
}
