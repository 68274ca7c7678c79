import module from 'node:module';
import { createInterface } from 'node:readline';

import { systemClock } from '@purser/core';
import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';

import { provenCatalog } from '../proven-catalog.ts';
import { startServer } from '../start.ts';

/**
 * A server that meets faults: `node faulted-server.fixture.ts <settings as JSON>`. By a line on its input it stops calls at a point
 * (`stop <point>`) and lets them go on (`go`). It prints its address, `reached <point>` for each call that stands there, and
 * `unheard …` for whatever would have ended it.
 */
const environment = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const settings = parseSettings(environment);
const log = createLog({ level: 'error', write: (line) => process.stderr.write(line) });

let stopAt: string | undefined;
let gate = Promise.withResolvers<void>();
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line !== 'go') {
    stopAt = line.slice('stop '.length);
    return;
  }
  stopAt = undefined;
  gate.resolve();
  gate = Promise.withResolvers<void>();
});
for (const kind of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(kind, (error: unknown) => console.log(`unheard ${kind}: ${error instanceof Error ? error.stack : String(error)}`));
}

const { address } = await startServer({
  settings,
  database_url: settings.database_url ?? '',
  admin_token: settings.admin_token ?? '',
  catalog: await provenCatalog(settings, systemClock.now(), log),
  log,
  settle_retry_ms: 500,
  batch_timeout_ms: 3_000,
  async pause(reached) {
    if (reached !== stopAt) return;
    console.log(`reached ${reached}`);
    await gate.promise;
  },
});
console.log(address);
// It is killed, so the next one finds compiled what is written now.
module.flushCompileCache();
