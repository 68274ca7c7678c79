import type { SchemaMigrations } from '@purser/database';
import { fileURLToPath } from 'node:url';

/* Files that stand beside the built module: what `build.mjs` puts there. */

/** Every schema of an installation, lower ones first: a server may run on the same database. */
export const SCHEMA_NAMES = [
  'base',
  'jobs',
  'ledger',
  'audit',
  'catalog',
  'meters',
  'identity',
  'terms',
  'policy',
  'routing',
  'license',
  'wallet',
  'notify',
  'reconciliation',
  'http',
  'marketplace',
  'privacy',
  'campaigns',
] as const;

export const SCHEMAS: readonly SchemaMigrations[] = SCHEMA_NAMES.map((schema) => ({
  schema,
  directory: new URL(`./migrations/${schema}/`, import.meta.url),
}));

export function shippedCatalog(): string {
  return fileURLToPath(new URL('./catalogs/default.yaml', import.meta.url));
}
