import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { migrate, openPool } from '@purser/database';
import { startEmbedded } from '@purser/embedded';
import { allMigrations, dumpSchema } from '@purser/database/testing';

import { DEPENDENCIES } from '../dependencies.ts';

/* Migrates an empty database and writes down what came of it, in docs/schema.sql. */

const folder = await mkdtemp(path.join(tmpdir(), 'purser-schema-'));
const database = await startEmbedded({ dataDir: folder });
const pool = openPool(database.url);
try {
  await migrate(pool, allMigrations(new URL('../', import.meta.url), Object.keys(DEPENDENCIES)));
  await writeFile(new URL('../docs/schema.sql', import.meta.url), await dumpSchema(pool));
} finally {
  await pool.end();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
  if (database.folder !== folder) await rm(database.folder, { recursive: true, force: true });
}
