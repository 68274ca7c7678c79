export { beginRollout, moveRollout } from './begin-rollout.ts';
export { compareRollout } from './compare-rollout.ts';
export type { Given } from './compose.ts';
export { ROOMS } from './migrations.ts';
export { provenCatalogue } from './proven-catalogue.ts';
export { openSimulatedEngine } from './simulated-engine.ts';
export { type RunningServer, startServer } from './start.ts';
export { takeInPayments } from './take-in-payments.ts';
export { type BooksVerification, verifyBooks } from './verify-books.ts';
