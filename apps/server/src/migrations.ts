import { auditMigrations } from '@purser/audit';
import { baseMigrations, type SchemaMigrations } from '@purser/database';
import { catalogMigrations } from '@purser/catalog';
import { httpMigrations } from '@purser/http';
import { identityMigrations } from '@purser/identity';
import { ledgerMigrations } from '@purser/ledger';
import { licenseMigrations } from '@purser/license';
import { marketplaceMigrations } from '@purser/marketplace';
import { metersMigrations } from '@purser/meters';
import { notifyMigrations } from '@purser/notify';
import { policyMigrations } from '@purser/policy';
import { reconciliationMigrations } from '@purser/reconciliation';
import { routingMigrations } from '@purser/routing';
import { privacyMigrations } from '@purser/privacy';
import { termsMigrations } from '@purser/terms';
import { walletMigrations } from '@purser/wallet';

/** Every package that has tables, lower ones first. */
export const MIGRATIONS: readonly SchemaMigrations[] = [
  baseMigrations,
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
  marketplaceMigrations,
  notifyMigrations,
  reconciliationMigrations,
  privacyMigrations,
  httpMigrations,
];
