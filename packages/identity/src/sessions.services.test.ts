import { setTimeout as sleep } from 'node:timers/promises';

import { createLog, isRefusal, type Refusal, TestClock } from '@purser/base';
import { createTestDatabase, Door, type TestDatabase } from '@purser/base/testing';
import { type Catalogue, loadCatalogue } from '@purser/catalog';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Caller, type Identity, identityMigrations, openIdentity } from './index.ts';
import { RedisEntries } from './people/entry-store-redis.ts';
import { sealedStorage } from './people/sealed-storage.ts';
import { sharedSecret } from './people/shared-secret.ts';

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

test('F7, S7: a person’s session is opened on one server and known on the other, carries the tier, sealed in Redis, and ends with Redis as overloaded', async () => {
  const persons = {
    public_url: 'http://purser.example',
    starts_per_address: 5,
    log: createLog({ level: 'silent' }),
    record: () => Promise.resolve(),
  };
  const door = new Door(url);
  await door.open();
  const open = (redis_url: string) =>
    openIdentity({
      pool: database.pool,
      clock,
      admin_token: 'an-admin-token',
      offering: () => catalogue,
      redis_url,
      redis_prefix,
      persons,
    });
  const [one, two] = await Promise.all([open(url), open(door.url)]);
  const started = await one.persons.signInAnonymously({ address: '10.1.1.1', device: crypto.randomUUID() });
  if (isRefusal(started)) throw new Error(started.detail);
  const { token } = started;
  const seen = (await ask(two, token)) as Caller;
  expect(seen).toMatchObject({ kind: 'session', workspace: { plan: 'FREE' } });
  expect(await tierOf(token)).toBe('FREE');
  await one.changeWorkspace(seen.workspace!.id, { plan: 'PRO' });
  await sleep(750);
  expect(await ask(two, token)).toMatchObject({ workspace: { plan: 'PRO' } });
  expect(await tierOf(token)).toBe('PRO');

  const keys = await redis.keys(`${redis_prefix}*`);
  const everything = (await Promise.all(keys.map((name) => redis.getBuffer(name)))).map(
    (entry) => entry?.toString('latin1') ?? '',
  );
  expect(`${keys.join(' ')} ${everything.join(' ')}`).not.toContain(token);

  await door.shut();
  await sleep(750);
  expect(await ask(two, token)).toMatchObject({ code: 'overloaded' });
  expect(await ask(one, token)).toMatchObject({ kind: 'session' });
  await one.endSession(token);
  expect(await ask(one, token)).toMatchObject({ code: 'unauthenticated' });
  await one.close();
  await two.close();

  /** What the session itself says, read as better-auth reads it. */
  async function tierOf(session: string): Promise<unknown> {
    const entries = new RedisEntries(url, redis_prefix);
    const storage = sealedStorage(entries, await sharedSecret(database.pool));
    const entry = JSON.parse((await storage.get(session)) ?? '{}') as { session?: { tier?: unknown } };
    await entries.close();
    return entry.session?.tier;
  }
});

test('S7 a person’s session and link in Redis, which counts in real time, are over when our clock says so', async () => {
  const letters: string[] = [];
  const persons = {
    public_url: 'https://purser.example',
    print: (text: string) => void letters.push(text),
    starts_per_address: 3,
    log: createLog({ level: 'silent' }),
    record: async () => {},
  };
  const server = await openIdentity({
    pool: database.pool,
    clock,
    admin_token: 'an-admin-token',
    offering: () => catalogue,
    redis_url: url,
    redis_prefix,
    persons,
  });
  const origin = { address: '10.1.1.1', device: crypto.randomUUID() };
  const link = async (): Promise<string> => {
    expect(await server.persons.requestLink('ann@harbour.example', origin.address)).toBe(true);
    return /token=([A-Za-z]{32})/.exec(letters.at(-1) ?? '')![1]!;
  };
  const late = await link();
  clock.advance({ minutes: 16 });
  expect(await server.persons.takeLink(late, {}, origin)).toMatchObject({ code: 'unauthenticated' });
  const opened = await server.persons.takeLink(await link(), {}, origin);
  const { token } = opened as { token: string };
  clock.advance({ hours: 89 * 24 });
  expect(await ask(server, token)).toMatchObject({ kind: 'session' });
  clock.advance({ hours: 24 });
  expect(await ask(server, token)).toMatchObject({ code: 'unauthenticated' });
  await server.close();
});
