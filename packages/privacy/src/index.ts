import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import type { PrivacyRoutesDeps } from './routes/deps.ts';
import { registerErasures } from './routes/erasures.ts';
import { registerExports } from './routes/exports.ts';

export { beginEndUser, beginPerson, beginWorkspace, type Requester } from './begin.ts';
export { type Doors, type Erasure, type ErasureId, findErasure, listErasures, type PrivacyParts } from './erasure.ts';
export { exportArchive, type ExportSubject } from './export.ts';
export { INVENTORY, inventoryTable } from './inventory.ts';
export { type Forgotten, forgetOld, type Retention } from './retain.ts';
export { erasingParts } from './routes/work-begun.ts';
export { workErasures } from './work.ts';

export const privacyMigrations: SchemaMigrations = { schema: 'privacy', directory: new URL('../migrations/', import.meta.url) };

/** Erasing and handing out what is kept of workspaces, persons and end users. */
export const privacy: Module<PrivacyRoutesDeps> = {
  name: 'privacy',
  migrations: privacyMigrations,
  routes(app, deps) {
    registerErasures(app, deps);
    registerExports(app, deps);
  },
};
