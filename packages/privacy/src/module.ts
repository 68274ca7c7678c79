import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import { COMMANDS } from './commands.ts';
import type { RetentionParts } from './run-retention.ts';
import type { PrivacyRoutesDeps } from './routes/deps.ts';

export const privacyMigrations: SchemaMigrations = { schema: 'privacy', directory: new URL('../migrations/', import.meta.url) };

const ERASURES_EVERY_MS = 5_000;
const RETAIN_EVERY_MS = 30_000;

/** Erasing and handing out what is kept of workspaces, persons and end users. */
export const privacy: Module<PrivacyRoutesDeps & RetentionParts> = {
  name: 'privacy',
  migrations: privacyMigrations,
  commands: COMMANDS,
  background: [
    {
      name: 'erasures',
      every_ms: ERASURES_EVERY_MS,
      run: async ({ erasing }) => (await import('./work.ts')).workErasures(erasing),
      failure: 'erasures could not be continued',
    },
    {
      name: 'retention',
      every_ms: RETAIN_EVERY_MS,
      run: async (parts) => (await import('./run-retention.ts')).retain(parts),
      failure: 'expired data could not be deleted',
    },
  ],
  async routes(app, deps) {
    (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
