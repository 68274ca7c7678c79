import { auditMigrations } from '@purser/audit';
import { baseMigrations, type SchemaMigrations } from '@purser/database';
import { catalogMigrations } from '@purser/catalog';
import { httpMigrations } from '@purser/http';
import { identityMigrations } from '@purser/identity';
import { jobsMigrations } from '@purser/jobs';
import { ledgerMigrations } from '@purser/ledger';
import { licenseMigrations } from '@purser/license';
import { metersMigrations } from '@purser/meters';
import { notifyMigrations } from '@purser/notify';
import { policyMigrations } from '@purser/policy';
import { reconciliationMigrations } from '@purser/reconciliation';
import { routingMigrations } from '@purser/routing';
import { termsMigrations } from '@purser/terms';
import { walletMigrations } from '@purser/wallet';

import { MODULES } from './modules.ts';

/** Those of the platform, lower ones first. */
const PLATFORM: readonly SchemaMigrations[] = [
  baseMigrations,
  jobsMigrations,
  ledgerMigrations,
  auditMigrations,
  catalogMigrations,
  metersMigrations,
  identityMigrations,
  termsMigrations,
  policyMigrations,
  routingMigrations,
  licenseMigrations,
  walletMigrations,
  notifyMigrations,
  reconciliationMigrations,
  httpMigrations,
];

/** Every schema of the platform and of these modules. */
export function migrationsOf(modules: readonly { readonly migrations?: SchemaMigrations }[]): readonly SchemaMigrations[] {
  return [...PLATFORM, ...modules.flatMap(({ migrations }) => migrations ?? [])];
}

/** Every schema of this installation. */
export const MIGRATIONS: readonly SchemaMigrations[] = migrationsOf(MODULES);
