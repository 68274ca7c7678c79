import type { SchemaMigrations } from '@purser/database';

export type { Charge } from './charge.ts';
export { anthropicCosts, type CostSource, openAiCosts } from './fetch-costs.ts';
export { readChargesCsv } from './read-csv.ts';
export { reconcile, type Reconciled, type ReconciledLine } from './reconcile.ts';

export const reconciliationMigrations: SchemaMigrations = {
  schema: 'reconciliation',
  directory: new URL('../migrations/', import.meta.url),
};
