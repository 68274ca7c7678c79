import type { Module } from '@purser/module';

import type { GatewayDeps } from './deps.ts';

const PROBES_EVERY_MS = 1_000;

/** Calls that spend, and what may be asked for. */
export const gateway: Module<GatewayDeps> = {
  name: 'gateway',
  alert_sources: async () => [(await import('./alert-sources.ts')).ROUTES],
  background: [
    {
      name: 'probes',
      every_ms: PROBES_EVERY_MS,
      run: ({ gate, catalog }) => gate.proveRoutes(catalog.models),
      failure: 'a model that is closed could not be probed',
    },
  ],
  async routes(app, deps) {
    (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
