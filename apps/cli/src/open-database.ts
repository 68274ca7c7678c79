import { examineDatabase, openPool, openRoles, type Pool } from '@purser/database';
import { startEmbedded } from '@purser/embedded';
import type { Settings } from '@purser/settings';

import { keepSecret, readKeptSecret } from './kept-secret.ts';

/** The database of these settings, and how to leave it: an embedded server that was started for it stops again. */
export interface OpenDatabase extends AsyncDisposable {
  /** As who owns it. */
  readonly url: string;
  readonly pool: Pool;
}

/** Whom a command is at work as: who owns the tables migrates them, all else is done as a role that owns nothing. */
type As = 'owner' | 'purser_work';

/** Where a running server keeps the address of its embedded database, for commands run beside it. */
const ADDRESS = 'database-address';

export async function startDatabase(
  settings: Settings,
  log: (line: string) => void,
): Promise<{ url: string; where: string; stop(): Promise<void> }> {
  if (settings.database_url !== undefined) return { url: settings.database_url, where: 'DATABASE_URL', stop: async () => {} };
  const embedded = await startEmbedded({ dataDir: settings.data_folder, log });
  await keepSecret(settings.data_folder, ADDRESS, embedded.url);
  // Not always the data folder: one that the database's own user cannot enter sends it elsewhere.
  return { url: embedded.url, where: `embedded, in ${embedded.folder}`, stop: () => embedded.stop() };
}

/**
 * Opens the database for one command: DATABASE_URL, or that of a server that runs beside us, or the embedded one, started for it.
 * @throws Fault in one line when none answers.
 */
export async function openDatabase(settings: Settings, as: As = 'purser_work'): Promise<OpenDatabase> {
  const beside = settings.database_url ?? (await readKeptSecret(settings.data_folder, ADDRESS));
  if (beside !== undefined) {
    const answers = await examineDatabase(beside).then(
      () => true,
      (error: unknown) => {
        if (settings.database_url !== undefined) throw error;
        return false;
      },
    );
    if (answers) {
      const pool = await poolAs(as, beside, settings);
      return { url: beside, pool, [Symbol.asyncDispose]: () => pool.end() };
    }
  }
  await using opened = new AsyncDisposableStack();
  const embedded = await startDatabase(settings, () => {});
  opened.defer(() => embedded.stop());
  const pool = await poolAs(as, embedded.url, settings);
  opened.defer(() => pool.end());
  const kept = opened.move();
  return { url: embedded.url, pool, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function poolAs(as: As, owner_url: string, settings: Settings): Promise<Pool> {
  const address = as === 'owner' ? owner_url : (await openRoles(owner_url, settings.database_roles_password)).purser_work;
  return openPool(address, { connections_max: 4, application: 'purser-cli' });
}
