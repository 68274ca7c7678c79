import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';

import buildPage from './build-page.ts';
import { CHROMIUM } from './chromium.ts';
import { serveEmptyPage } from './empty-page.ts';
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
      /** Of an app that may call it. */
      readonly app_origin: string;
    };
  }
}

/** All visitors come from one address. */
const MANY_VISITORS = '1000';

/** The page is built once, one browser is started, and one server for all journeys that want nothing of their own. */
export default async function share(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-e2e-shared-'));
  const output_file = path.join(folder, 'output.txt');
  await buildPage();
  const app = await serveEmptyPage();
  const settings = { PURSER_FREE_STARTS_PER_ADDRESS: MANY_VISITORS, PURSER_ALLOWED_ORIGINS: app.origin };
  const [browser, server] = await Promise.all([chromium.launchServer(CHROMIUM), startServer(settings, output_file)]);
  const { origin, admin_token, workspace_key } = server;
  project.provide('browser', browser.wsEndpoint());
  project.provide('server', { origin, admin_token, workspace_key, output_file, app_origin: app.origin });
  return async () => {
    await browser.close();
    await server.stop();
    app.close();
    await rm(folder, { recursive: true, force: true });
  };
}
