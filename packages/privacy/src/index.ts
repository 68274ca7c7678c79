export { beginEndUser, beginPerson, beginWorkspace, type Requester } from './begin.ts';
export { type Doors, type Erasure, type ErasureId, findErasure, listErasures, type PrivacyParts } from './erasure.ts';
export { exportArchive, type ExportSubject } from './export.ts';
export { INVENTORY, inventoryTable } from './inventory.ts';
export { type Forgotten, forgetOld, type Retention } from './retain.ts';
export { retain } from './run-retention.ts';
export { erasingParts } from './routes/work-begun.ts';
export { workErasures } from './work.ts';
export { privacyMigrations } from './module.ts';
