import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import type { PrivacyRoutesDeps } from './routes/deps.ts';

export const privacyMigrations: SchemaMigrations = { schema: 'privacy', directory: new URL('../migrations/', import.meta.url) };

/** Erasing and handing out what is kept of workspaces, persons and end users. */
export const privacy: Module<PrivacyRoutesDeps> = {
  name: 'privacy',
  migrations: privacyMigrations,
  async routes(app, deps) {
    (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
