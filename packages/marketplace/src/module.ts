import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import type { MarketplaceRoutesDeps } from './routes/deps.ts';

export const marketplaceMigrations: SchemaMigrations = {
  schema: 'marketplace',
  directory: new URL('../migrations/', import.meta.url),
};

/** What is for sale, and what the payment provider tells. */
export const marketplace: Module<MarketplaceRoutesDeps> = {
  name: 'marketplace',
  migrations: marketplaceMigrations,
  alert_sources: async () => [(await import('./alert-sources.ts')).PAYMENTS],
  async routes(app, deps) {
    await (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
