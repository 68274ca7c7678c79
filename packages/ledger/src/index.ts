import type { SchemaMigrations } from '@purser/database';

export { accruePeriods, type Period } from './accrue-period.ts';
export type { Attempt } from './attempt.ts';
export { attemptsBetween } from './attempts-between.ts';
export { balancesOf, type WorkspaceBalance } from './balances-of.ts';
export { creditBalances, creditsTakenBack, collectedSales, packSales, periodsBetween } from './booked-between.ts';
export {
  attemptedAfter,
  type BookedHour,
  bookedAfter,
  type BookedStep,
  BOOKS_BEGIN,
  creditsSpent,
  type OwedHour,
} from './booked-after.ts';
export {
  creditChange,
  type CreditMovement,
  creditMovements,
  type CreditSection,
  creditSections,
  type MovementSpan,
} from './credit-movements.ts';
export { type CreditSpender, creditSpenders } from './credit-spenders.ts';
export { usersAbove } from './users-above.ts';
export { type LedgerTotal, ledgerTotals } from './ledger-totals.ts';
export { listAttempts } from './list-attempts.ts';
export { listPostings } from './list-postings.ts';
export { dailyUsage, type UsageDay } from './daily-usage.ts';
export { marginByModel } from './margin-by-model.ts';
export { marginOverTime, type MarginStep } from './margin-over-time.ts';
export { workspaceDays, type WorkspaceDay } from './workspace-days.ts';
export type { MarginLine } from './margin-line.ts';
export { marginOf } from './margin-of.ts';
export { type MarginKey, marginReport, NO_PLAN } from './margin-report.ts';
export { type RevenueSources, revenueSources } from './agreed-revenue.ts';
export { type Page, pageSize, parseCursor, type Position, toPage } from './page.ts';
export type { Posting } from './posting.ts';
export { rollUp, startRollUp } from './roll-up.ts';
export { recordsOfHold } from './records-of-hold.ts';
export { type AccountBalance, trialBalance } from './trial-balance.ts';
export { type Mismatch, type PostingsVerification, verifyPostings } from './verify-postings.ts';

export const ledgerMigrations: SchemaMigrations = { schema: 'ledger', directory: new URL('../migrations/', import.meta.url) };
