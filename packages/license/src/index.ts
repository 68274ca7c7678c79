import type { RoomMigrations } from '@purser/base';

export { type LicenceChange, licenseChanges } from './announce.ts';
export { licenceEvents, licenceHistory } from './history.ts';
export type { PaymentKind } from './licence-of.ts';
export { type LicenceNotice, licenceNotice } from './notice.ts';
export { type LicenceParts, type Licences, openLicences } from './open-licences.ts';
export { type PaymentEvent, type RecordedPayment, recordPayment, setByHand } from './record.ts';
export { licenceRefusal } from './refusal.ts';

export const licenseMigrations: RoomMigrations = { room: 'license', directory: new URL('../migrations/', import.meta.url) };
