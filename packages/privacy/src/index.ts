import type { RoomMigrations } from '@purser/base';

export { beginEndUser, beginPerson, beginWorkspace, type Requester } from './begin.ts';
export { type Doors, type Erasure, type ErasureId, findErasure, listErasures, type PrivacyParts } from './erasure.ts';
export { workErasures } from './work.ts';

export const privacyMigrations: RoomMigrations = { room: 'privacy', directory: new URL('../migrations/', import.meta.url) };
