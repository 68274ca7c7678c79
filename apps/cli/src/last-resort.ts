import type { Log } from '@purser/log';

/** How long an orderly end may take after something nobody caught: calls in flight have 30 s of it. */
const END_MS_MAX = 60_000;

export interface LastResort extends Disposable {
  /** From now on what nobody heard of is counted, too. */
  count: ((work: string) => void) | undefined;
}

/**
 * What is left when a mistake of ours was caught nowhere. A rejection that nobody heard of concerns one piece of work: it is logged and
 * counted, and the process goes on. An exception may have left anything half done: the process ends in order (`end`: no new work, calls in
 * flight and their books first) with exit code 1, for whoever keeps it running to start another.
 */
export function watchLastResort(log: Log, end: (why: string) => void): LastResort {
  const watching: LastResort = {
    count: undefined,
    [Symbol.dispose]() {
      process.off('unhandledRejection', unheard);
      process.off('uncaughtException', uncaught);
    },
  };
  const unheard = (err: unknown): void => {
    watching.count?.('unheard');
    log.error({ err, work: 'unheard' }, 'background work failed unhandled; the server continues');
  };
  const uncaught = (err: Error): void => {
    watching.count?.('uncaught');
    log.fatal({ err, work: 'uncaught' }, 'uncaught exception: the server shuts down; start it again');
    process.exitCode = 1;
    setTimeout(() => process.exit(1), END_MS_MAX).unref();
    end('an uncaught exception');
  };
  process.on('unhandledRejection', unheard);
  process.on('uncaughtException', uncaught);
  return watching;
}
