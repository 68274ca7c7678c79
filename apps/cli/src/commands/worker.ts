import { Fault } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { createLog } from '@purser/log';

import { moduleSettings } from '../module-settings.ts';
import { runServer } from '../run-server.ts';

/** Runs jobs and what happens in the background; of its endpoints there are health and metrics alone. Its log is one JSON object a line. */
export async function worker(): Promise<void> {
  const settings = loadSettings(process.cwd(), moduleSettings());
  const log = createLog({ level: settings.log_level });
  if (settings.worker_slots === 0) {
    throw new Fault('PURSER_WORKER_SLOTS: got 0, want at least 1: a worker is there to run jobs', { retryable: false });
  }
  await runServer({
    settings,
    log,
    jobs_only: true,
    async started({ running }) {
      log.info({ address: running.address, slots: settings.worker_slots }, 'waiting for jobs');
    },
  });
}
