/** Work that runs again and again until it is stopped. */
export interface Repetition {
  /** Lets the run in progress finish; no other begins. */
  stop(): Promise<void>;
}

/**
 * Runs `work` at once and then `every_ms` after each run has ended, so runs never overlap.
 * A run that throws is told to `failed` and does not end the repetition.
 */
export function repeat(every_ms: number, work: () => Promise<unknown>, failed: (error: unknown) => void): Repetition {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    try {
      await work();
    } catch (error) {
      failed(error);
    } finally {
      if (!stopped) timer = setTimeout(start, every_ms);
    }
  }
  function start(): void {
    running = run();
  }

  start();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
