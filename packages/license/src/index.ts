import type { SchemaMigrations } from '@purser/database';

export { type LicenseChange, licenseChanges } from './announce.ts';
export { licenseEvents, licenseHistory } from './history.ts';
export type { PaymentKind } from './license-of.ts';
export { type LicenseNotice, licenseNotice } from './notice.ts';
export { type LicenseParts, type Licenses, openLicenses } from './open-licenses.ts';
export { type PaymentEvent, type RecordedPayment, recordPayment, setByHand } from './record.ts';
export { licenseRefusal } from './refusal.ts';

export const licenseMigrations: SchemaMigrations = { schema: 'license', directory: new URL('../migrations/', import.meta.url) };
