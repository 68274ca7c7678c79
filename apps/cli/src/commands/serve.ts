import { loadSettings } from '@purser/settings';
import { createLog } from '@purser/log';

import { moduleSettings } from '../module-settings.ts';
import { runServer } from '../run-server.ts';

/** The server alone; its log is one JSON object a line. */
export async function serve(): Promise<void> {
  const settings = loadSettings(process.cwd(), moduleSettings());
  const log = createLog({ level: settings.log_level });
  await runServer({
    settings,
    log,
    async started({ running, admin_token, generated }) {
      log.info({ address: running.address }, 'listening');
      if (generated) console.error(`admin token (kept in ${settings.data_folder}/admin-token): ${admin_token}`);
    },
  });
}
