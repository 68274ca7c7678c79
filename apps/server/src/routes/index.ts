import type { App } from '@purser/http';
import type { Module } from '@purser/module';

import type { RouteDeps } from '../deps.ts';
import { registerApiDescription, registerDocs } from './docs.ts';
import { registerHealth } from './health.ts';
import { registerWebClient } from './web-client.ts';

/** Every endpoint there is. The description goes first, because it sees only what is registered after it. */
export async function registerRoutes(app: App, deps: RouteDeps, modules: readonly Module<RouteDeps>[]): Promise<void> {
  await registerApiDescription(app);
  for (const { routes } of modules) await routes?.(app, deps);
  registerHealth(app, deps);
  await registerDocs(app);
  await registerWebClient(app, deps);
}
