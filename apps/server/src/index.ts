export type { ServerOptions } from './compose.ts';
export { MIGRATIONS, migrationsOf } from './migrations.ts';
export { provenCatalog } from './proven-catalog.ts';
export { openSimulatedEngine } from './simulated-engine.ts';
export { booksOf, openLivesEngine, startLivesStripe } from './lives-engine.ts';
export { type RunningServer, startServer } from './start.ts';
export { takeInPayments } from './take-in-payments.ts';
