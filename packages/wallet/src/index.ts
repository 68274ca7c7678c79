import type { SchemaMigrations } from '@purser/database';

export { allocateCredits, type CustomCredits } from './allocate-credits.ts';
export {
  type Allocation,
  type AllocationKind,
  allocationMeter,
  allocationOf,
  type AllocationState,
  allocationStates,
  listAllocations,
  setAllocation,
} from './allocation.ts';
export { type CreditForecaster, creditForecaster } from './credit-forecast.ts';
export type { ExhaustionForecast } from './forecast.ts';
export { type InvoiceLine, listInvoiceLines } from './invoice-lines.ts';
export { type MemberMeters, memberMeters } from './member-meters.ts';
export { openPeriods, type PeriodOpener } from './open-period.ts';
export { grantsOfPeriod } from './period-grants.ts';
export { type PackQuote, quotePack } from './quote-pack.ts';
export { type StatementLine, statementPage, wholeStatement } from './statement.ts';
export { type WalletWork, workWallet } from './wallet-work.ts';

export const walletMigrations: SchemaMigrations = { schema: 'wallet', directory: new URL('../migrations/', import.meta.url) };
