import type { RoomMigrations } from '@purser/base';

export type { Charge } from './charge.ts';
export { anthropicCosts, type CostSource, openAiCosts } from './fetch-costs.ts';
export { readChargesCsv } from './read-csv.ts';
export { reconcile, type Reconciled, type ReconciledLine } from './reconcile.ts';

export const reconciliationMigrations: RoomMigrations = {
  room: 'reconciliation',
  directory: new URL('../migrations/', import.meta.url),
};
