import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';

import buildPage from './build-page.ts';
import { CHROMIUM } from './chromium.ts';
import { startServer } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the browser of all journeys is connected to. */
    readonly browser: string;
    /** The server that journeys share; `output_file` has what it prints. */
    readonly server: {
      readonly origin: string;
      readonly admin_token: string;
      readonly workspace_key: string;
      readonly output_file: string;
    };
  }
}

/** All visitors come from one address. */
const MANY_VISITORS = { PURSER_FREE_STARTS_PER_ADDRESS: '1000' };

/** The page is built once, one browser is started, and one server for all journeys that want nothing of their own. */
export default async function share(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-e2e-shared-'));
  const output_file = path.join(folder, 'output.txt');
  await buildPage();
  const [browser, server] = await Promise.all([chromium.launchServer(CHROMIUM), startServer(MANY_VISITORS, output_file)]);
  const { origin, admin_token, workspace_key } = server;
  project.provide('browser', browser.wsEndpoint());
  project.provide('server', { origin, admin_token, workspace_key, output_file });
  return async () => {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
