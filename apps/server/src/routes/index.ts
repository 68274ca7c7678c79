import type { App, InFlight } from '@purser/http';
import type { Module } from '@purser/module';

import type { ServerDeps } from '../deps.ts';
import { registerApiDescription, registerDocs } from './docs.ts';
import { registerHealth } from './health.ts';
import { registerPages } from './pages.ts';
import { registerWebClient } from './web-client.ts';

/** Every endpoint there is. The description goes first, because it sees only what is registered after it. */
export async function registerRoutes(
  app: App,
  deps: ServerDeps,
  { inFlight, modules }: { readonly inFlight: InFlight; readonly modules: readonly Module<ServerDeps>[] },
): Promise<void> {
  await registerApiDescription(app);
  for (const { routes } of modules) await routes?.(app, deps);
  registerPages(app, modules);
  registerHealth(app, { ...deps, inFlight });
  await registerDocs(app);
  await registerWebClient(app, deps);
}
