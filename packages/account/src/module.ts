import type { Module } from '@purser/module';

import type { AccountDeps } from './deps.ts';

/** One workspace as those who belong to it see it: sessions, people, keys, allocations, usage, statements, alerts, license. */
export const account: Module<AccountDeps> = {
  name: 'account',
  alert_sources: async () => [(await import('./alert-sources.ts')).LICENSES],
  async routes(app, deps) {
    (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
