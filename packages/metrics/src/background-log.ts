import type { Log } from '@purser/log';

import type { Metrics } from './metrics.ts';

export type BackgroundLog = Pick<Log, 'info' | 'warn' | 'error'>;

/** The log of one work in the background: its lines name the work, and whatever failed is counted under its name. */
export function backgroundLog(work: string, log: Log, metrics: Pick<Metrics, 'backgroundFailed'>): BackgroundLog {
  const own = log.child({ work });
  return {
    info: own.info.bind(own),
    warn: own.warn.bind(own),
    error(details: unknown, ...words: [string?]) {
      metrics.backgroundFailed(work);
      own.error(details, ...words);
    },
  };
}
