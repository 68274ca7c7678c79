import { systemClock } from '@purser/core';
import { migrate, openPool, type Pool } from '@purser/database';
import { scratchDatabase, scratchFolder } from '@purser/embedded';
import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { type ServerOptions, provenCatalog, MIGRATIONS } from '@purser/server';

import { roomyCatalog } from './roomy-catalog.ts';

/** What a server in the process of a bench is started with, on a database that is thrown away, and a pool beside it. */
export async function scratchGiven(
  connections_max: number,
): Promise<AsyncDisposable & { readonly given: ServerOptions; readonly pool: Pool }> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await scratchDatabase({ durable: true }));
  const pool = openPool(database.url, { connections_max });
  opened.defer(() => pool.end());
  await migrate(pool, MIGRATIONS);
  const { folder } = opened.use(await scratchFolder());
  const settings = { ...parseSettings({ PURSER_CATALOG: await roomyCatalog(folder) }), port: 0 };
  const log = createLog({ level: 'error' });
  const catalog = await provenCatalog(settings, systemClock.now(), log);
  const admin_token = 'bench-admin-token-of-forty-characters-00';
  const kept = opened.move();
  return {
    given: { settings, database_url: database.url, admin_token, catalog, log },
    pool,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
