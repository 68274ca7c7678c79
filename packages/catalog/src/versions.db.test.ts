import { fileURLToPath } from 'node:url';

import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  catalogMigrations,
  type Catalog,
  catalogVersion,
  catalogVersions,
  findPlan,
  loadCatalog,
  storeCatalog,
} from './index.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');
const catalogFile = (name: string): string => fileURLToPath(new URL(`../../../catalogs/${name}`, import.meta.url));

describe('catalog versions', () => {
  let database: TestDatabase;
  let bought: Catalog;
  let current: Catalog;

  beforeAll(async () => {
    database = await createTestDatabase([catalogMigrations]);
    bought = await loadCatalog(catalogFile('financial-distribution.yaml'));
    current = await loadCatalog(catalogFile('default.yaml'));
    await storeCatalog(database.pool, bought, NOW);
    await storeCatalog(database.pool, current, NOW);
  });
  afterAll(() => database.drop());

  test('a subscriber stays on the terms it bought while prices and models are today’s', async () => {
    const then = await catalogVersion(database.pool, bought.version, current);
    expect(then?.plans).toEqual(bought.plans);
    expect(then?.packs).toEqual(bought.packs);
    expect(then?.version).toBe(bought.version);
    expect(then?.prices).toBe(current.prices);
    expect(then?.models).toBe(current.models);
    expect(findPlan(then!, 'PAID')?.ceiling).toEqual(findPlan(bought, 'PAID')?.ceiling);
  });

  test('storing a version again changes nothing', async () => {
    expect(await storeCatalog(database.pool, current, NOW)).toBe(false);
    const { rows } = await database.pool.query<{ count: bigint }>('select count(*) from catalog.version');
    expect(rows[0]?.count).toBe(2n);
  });

  test('a version that was never stored is not there', async () => {
    expect(await catalogVersion(database.pool, 'default@000000000000', current)).toBeUndefined();
  });

  test('a stored version can be neither changed, nor removed, nor stored under another name than its content', async () => {
    await expect(database.pool.query(`update catalog.version set text = ''`)).rejects.toThrow('append-only');
    await expect(database.pool.query('delete from catalog.version')).rejects.toThrow('append-only');
    await expect(database.pool.query('truncate catalog.version')).rejects.toThrow('append-only');
    await expect(
      database.pool.query(`insert into catalog.version values ('default@000000000000', 'default', 'x', now())`),
    ).rejects.toThrow('check constraint');
  });

  test('the look-up reads a version once and gives the same object again, and does not remember what is missing', async () => {
    const versions = catalogVersions(database.pool, current);
    expect(await versions(bought.version)).toBe(await versions(bought.version));
    expect(await versions(current.version)).toBe(current);

    const another = await loadCatalog(catalogFile('tiers-routing.yaml'));
    expect(await versions(another.version)).toBeUndefined();
    await storeCatalog(database.pool, another, NOW);
    expect((await versions(another.version))?.name).toBe('tiers-routing');
  });

  test('a stored text that can no longer be read is a fault that says why', async () => {
    await database.pool.query(
      `insert into catalog.version select 'old@' || left(encode(sha256('name: old'), 'hex'), 12), 'old', 'name: old', now()`,
    );
    const { rows } = await database.pool.query<{ version: string }>(`select version from catalog.version where name = 'old'`);
    await expect(catalogVersion(database.pool, rows[0]!.version, current)).rejects.toThrow(
      /cannot be read: .*plans: got nothing/,
    );
  });
});
