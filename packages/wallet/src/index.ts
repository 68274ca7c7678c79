import type { RoomMigrations } from '@purser/base';

export { openPeriods, type PeriodOpener } from './open-period.ts';
export { type PackQuote, quotePack } from './quote-pack.ts';

export const walletMigrations: RoomMigrations = { room: 'wallet', directory: new URL('../migrations/', import.meta.url) };
