import { type App, type InFlight, registerApiDescription, registerDocs, registerWebClient } from '@purser/http';
import type { Module } from '@purser/module';

import type { ServerDeps } from '../deps.ts';
import { registerHealth } from './health.ts';
import { registerPages } from './pages.ts';

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
  registerDocs(app);
  await registerWebClient(app, deps.web_directory);
}
