import { randomBytes } from 'node:crypto';

import { TestClock } from '@purser/core';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { identityMigrations } from '../index.ts';
import { PostgresEntries } from './entry-store-postgres.ts';
import { type SealedStorage, sealedStorage } from './sealed-storage.ts';

let database: TestDatabase;
let entries: PostgresEntries;
let storage: SealedStorage;
const clock = new TestClock(Temporal.Instant.from('2026-05-04T10:00:00Z'));
beforeAll(async () => {
  database = await createTestDatabase([identityMigrations]);
  entries = new PostgresEntries(database.pool, clock);
  storage = sealedStorage(entries, randomBytes(32));
});
afterAll(async () => {
  await entries.close();
  await database.drop();
});

test('an entry is found until its time is over, and taken by one of many', async () => {
  await storage.set('link', 'whose', 60);
  expect(await storage.get('link')).toBe('whose');
  const taken = await Promise.all(Array.from({ length: 10 }, () => storage.getAndDelete('link')));
  expect(taken.filter((one) => one !== null)).toEqual(['whose']);
  await storage.set('session', 'somebody', 60);
  clock.advance({ seconds: 61 });
  expect(await storage.get('session')).toBeNull();
});

test('a session that was signed out while its tier was written stays signed out', async () => {
  await storage.set('session', 'FREE', 60);
  await storage.delete('session');
  await storage.replace('session', 'PRO', 60);
  expect(await storage.get('session')).toBeNull();
});

test('an entry that was changed, moved under another name, or sealed with another secret is nobody’s session', async () => {
  await storage.set('mine', 'me', 60);
  await storage.set('theirs', 'them', 60);
  await database.pool.query(
    `update identity.sealed_entry a set sealed = b.sealed from identity.sealed_entry b where a.name <> b.name`,
  );
  expect([await storage.get('mine'), await storage.get('theirs')]).toEqual([null, null]);
  await storage.set('mine', 'me', 60);
  await database.pool.query(`update identity.sealed_entry set sealed = set_byte(sealed, 28, 255 - get_byte(sealed, 28))`);
  expect(await storage.get('mine')).toBeNull();
  await storage.set('mine', 'me', 60);
  expect(await sealedStorage(entries, randomBytes(32)).get('mine')).toBeNull();
});
