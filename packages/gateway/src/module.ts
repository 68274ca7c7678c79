import type { Module } from '@purser/module';

import type { GatewayDeps } from './deps.ts';

/** Calls that spend, and what may be asked for. */
export const gateway: Module<GatewayDeps> = {
  name: 'gateway',
  alert_sources: async () => [(await import('./alert-sources.ts')).ROUTES],
  async routes(app, deps) {
    (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
