import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { TestProject } from 'vitest/node';

import { startEmbedded } from '@purser/embedded';
import { sweepTestDatabases } from './sweep.ts';

/** Gives the project's tests a server: the one named by PURSER_TEST_DATABASE_URL, else an embedded one that goes with the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['PURSER_TEST_DATABASE_URL'];
  if (given) return () => sweepTestDatabases(given);
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-test-'));
  const database = await startEmbedded({
    dataDir: folder,
    stage: path.join('/var/tmp', path.basename(folder)),
    durable: false,
  });
  project.config.env = { ...project.config.env, PURSER_TEST_DATABASE_URL: database.url };
  // A run that is broken off runs no teardown; the server would live on.
  const abandon = (): boolean => process.kill(database.pid(), 'SIGINT');
  process.once('exit', abandon);
  return async () => {
    process.off('exit', abandon);
    await sweepTestDatabases(database.url);
    await database.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(path.join('/var/tmp', path.basename(folder)), { recursive: true, force: true });
  };
}
