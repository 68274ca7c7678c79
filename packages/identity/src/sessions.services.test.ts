import { setTimeout as sleep } from 'node:timers/promises';

import { isRefusal, type Refusal, TestClock } from '@purser/base';
import { createTestDatabase, Door, type TestDatabase } from '@purser/base/testing';
import { type Catalogue, loadCatalogue } from '@purser/catalog';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Caller, type Identity, identityMigrations, openIdentity } from './index.ts';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const redis_prefix = `purser:test:${process.pid}:${Date.now()}:`;
const redis = new Redis(url);

let database: TestDatabase;
let catalogue: Catalogue;
let here: Identity;
let there: Identity;
let key: string;
const clock = new TestClock(Temporal.Instant.from('2026-05-04T10:00:00Z'));

const openServer = (redis_url = url) =>
  openIdentity({ pool: database.pool, clock, admin_token: 'an-admin-token', offering: () => catalogue, redis_url, redis_prefix });

beforeAll(async () => {
  database = await createTestDatabase([identityMigrations]);
  catalogue = await loadCatalogue(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  [here, there] = await Promise.all([openServer(), openServer()]);
  const created = await here.createWorkspace({ name: 'Harbour', plan: 'PRO' });
  if (isRefusal(created)) throw new Error(created.detail);
  key = created.key;
});

afterAll(async () => {
  await here.close();
  await there.close();
  await database.drop();
  const keys = await redis.keys(`${redis_prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

const ask = async (identity: Identity, token: string): Promise<Caller | Refusal> =>
  identity.authenticate({ authorization: `Bearer ${token}` });

async function signIn(identity: Identity): Promise<string> {
  const session = await identity.startSession({ authorization: `Bearer ${key}` });
  if (isRefusal(session)) throw new Error(session.detail);
  return session.token;
}

async function stored(): Promise<Record<string, unknown>[]> {
  const keys = await redis.keys(`${redis_prefix}*`);
  return Promise.all(keys.map(async (name) => JSON.parse((await redis.get(name)) ?? '{}') as Record<string, unknown>));
}

test('F7 a session opened on one server is known on the other, and carries the tier in Redis, also after the plan has changed', async () => {
  const token = await signIn(here);
  const seen = await ask(there, token);
  expect(seen).toMatchObject({ kind: 'session', workspace: { plan: 'PRO' } });
  expect(await stored()).toEqual([expect.objectContaining({ tier: 'PRO', roles: ['member'] })]);

  const { workspace } = seen as Caller;
  await here.changeWorkspace(workspace!.id, { plan: 'BUSINESS' });
  await sleep(750);
  expect(await ask(there, token)).toMatchObject({ workspace: { plan: 'BUSINESS' } });
  expect(await stored()).toEqual([expect.objectContaining({ tier: 'BUSINESS' })]);

  await here.endSession(token);
  expect(await ask(here, token)).toMatchObject({ code: 'unauthenticated' });
  await sleep(750);
  expect(await ask(there, token)).toMatchObject({ code: 'unauthenticated' });
  expect(await stored()).toEqual([]);
});

test('neither tokens nor keys are in Redis, and what is there ends by itself', async () => {
  const token = await signIn(here);
  const [name] = await redis.keys(`${redis_prefix}*`);
  const text = `${name} ${await redis.get(name!)}`;
  expect(text).not.toContain(token.slice('purser_se_'.length));
  expect(text).not.toContain(key.slice(14));
  const days = (await redis.pttl(name!)) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThanOrEqual(30);
});

test('Redis away: sessions are answered `overloaded`, never let in unseen; keys go on working', async () => {
  const door = new Door(url);
  await door.open();
  const identity = await openServer(door.url);
  const token = await signIn(identity);
  expect(await ask(identity, token)).toMatchObject({ kind: 'session' });
  await door.shut();
  await sleep(750);
  expect(await ask(identity, token)).toMatchObject({ code: 'overloaded' });
  expect(await ask(identity, key)).toMatchObject({ kind: 'workspace_key' });
  await identity.close();
});
