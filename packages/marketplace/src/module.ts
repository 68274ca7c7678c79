import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import type { MarketplaceRoutesDeps } from './routes/deps.ts';

export const marketplaceMigrations: SchemaMigrations = {
  schema: 'marketplace',
  directory: new URL('../migrations/', import.meta.url),
};

const SWEEP_EVERY_MS = 30_000;
const LICENSES_EVERY_MS = 500;

/** What is for sale, and what the payment provider tells. */
export const marketplace: Module<MarketplaceRoutesDeps> = {
  name: 'marketplace',
  migrations: marketplaceMigrations,
  alert_sources: async () => [(await import('./alert-sources.ts')).PAYMENTS],
  background: [
    {
      name: 'marketplace',
      every_ms: SWEEP_EVERY_MS,
      run: ({ marketplace: shop }) => shop.sweep(),
      failure: 'debts and spending of packs could not be checked',
    },
    {
      name: 'licenses',
      every_ms: LICENSES_EVERY_MS,
      run: ({ licenses }) => licenses.sweep(),
      failure: 'changed licenses could not be applied',
    },
  ],
  async routes(app, deps) {
    await (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
