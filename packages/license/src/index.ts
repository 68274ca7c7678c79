import type { RoomMigrations } from '@purser/base';

export { type PaymentEvent, type RecordedPayment, recordPayment, setByHand } from './record.ts';

export const licenseMigrations: RoomMigrations = { room: 'license', directory: new URL('../migrations/', import.meta.url) };
