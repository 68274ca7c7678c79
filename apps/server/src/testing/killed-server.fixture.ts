import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { suiteClock } from '@purser/core/testing';

import { provenCatalog } from '../proven-catalog.ts';
import { startServer } from '../start.ts';

/**
 * A server that stands still where it is told to, so that it can be killed right there:
 * `node killed-server.fixture.ts <database> <catalog> <provider> <admin token> <pause point>`.
 * It prints its address, and `reached` when a call stands at the point.
 */
const [database_url = '', catalog = '', provider = '', admin_token = '', point = ''] = process.argv.slice(2);
const settings = parseSettings({
  PORT: '0',
  PURSER_CATALOG: catalog,
  OPENAI_API_KEY: 'sk-test-0123456789',
  OPENAI_BASE_URL: provider,
  PURSER_TEST_CLOCK: suiteClock().now().toString(),
});
const log = createLog({ level: 'silent' });
const { address } = await startServer({
  settings,
  database_url,
  admin_token,
  catalog: await provenCatalog(settings, suiteClock().now(), log),
  log,
  async pause(reached) {
    if (reached !== point) return;
    console.log('reached');
    await new Promise(() => {});
  },
});
console.log(address);
