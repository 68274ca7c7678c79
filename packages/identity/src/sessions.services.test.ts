import { setTimeout as sleep } from 'node:timers/promises';

import { isRefusal, type Refusal, TestClock } from '@purser/core';
import { openPool, type Pool } from '@purser/database';
import { createLog } from '@purser/log';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { TcpProxy, HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { type Caller, type Identity, identityMigrations, openIdentity } from './index.ts';
import { RedisEntryCache } from './people/entry-cache-redis.ts';
import { CachedEntries } from './people/entry-store-cached.ts';
import { PostgresEntries } from './people/entry-store-postgres.ts';
import { type SealedStorage, sealedStorage } from './people/sealed-storage.ts';
import { sharedSecret } from './people/shared-secret.ts';
import { hashSecret } from './secret.ts';
import { SessionStore } from './session-store.ts';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const redis_prefix = `purser:test:${process.pid}:${Date.now()}:`;
const redis = new Redis(url);

let database: TestDatabase;
let catalog: Catalog;
let here: Identity;
let there: Identity;
let key: string;
const clock = new TestClock(Temporal.Instant.from('2026-05-04T10:00:00Z'));

const openServer = (redis_url = url, pool: Pool = database.pool) =>
  openIdentity({ pool, clock, admin_token: 'an-admin-token', offering: () => catalog, redis_url, redis_prefix });

beforeAll(async () => {
  database = await createTestDatabase([identityMigrations]);
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  [here, there] = await Promise.all([openServer(), openServer()]);
  const created = await here.createWorkspace({ name: 'Harbour', plan: 'PRO' });
  if (isRefusal(created)) throw new Error(created.detail);
  key = created.key;
});

afterAll(async () => {
  await here.close();
  await there.close();
  await database.drop();
  await emptied();
  redis.disconnect();
});

const ask = async (identity: Identity, token: string): Promise<Caller | Refusal> =>
  identity.authenticate({ authorization: `Bearer ${token}` });

async function signIn(identity: Identity): Promise<string> {
  const session = await identity.startSession({ authorization: `Bearer ${key}` });
  if (isRefusal(session)) throw new Error(session.detail);
  return session.token;
}

const names = (): Promise<string[]> => redis.keys(`${redis_prefix}*`);

/** What a server reads that has Redis, and cannot ask PostgreSQL. */
async function inRedisAlone<Value>(read: (storage: SealedStorage) => Promise<Value>): Promise<Value> {
  const secret = await sharedSecret(database.pool);
  const door = new TcpProxy(database.url);
  await door.open();
  const pool = openPool(door.url, { application: 'test', connections_max: 1 });
  await door.shut();
  const entries = new CachedEntries(new PostgresEntries(pool, clock), new RedisEntryCache(url, redis_prefix), clock);
  const asked = sealedStorage(entries, secret);
  try {
    // It is there for seconds; until its connection is, a look-up asks PostgreSQL, and fails.
    for (const name of await names()) await redis.persist(name);
    return await vi.waitFor(() => read(asked), { timeout: 20_000 });
  } finally {
    await entries.close();
    await pool.end();
    await emptied();
  }
}

async function emptied(): Promise<void> {
  const keys = await names();
  if (keys.length > 0) await redis.del(...keys);
}

const seenBy = (identity: Identity, token: string) => expect.poll(() => ask(identity, token), { timeout: 20_000 });
const tierOf = (token: string) => inRedisAlone(async (storage) => (await new SessionStore(storage).get(hashSecret(token)))?.tier);

test('F7 a session opened on one server is known on the other, and carries the tier in Redis, also after the plan has changed', async () => {
  const token = await signIn(here);
  await seenBy(there, token).toMatchObject({ kind: 'session', workspace: { plan: 'PRO' } });
  expect(await tierOf(token)).toBe('PRO');

  const { workspace } = (await ask(there, token)) as Caller;
  await here.changeWorkspace(workspace!.id, { plan: 'BUSINESS' });
  await seenBy(there, token).toMatchObject({ workspace: { plan: 'BUSINESS' } });
  await sleep(750);
  // Once to write what it is, once to find it written.
  await ask(there, token);
  await sleep(750);
  await ask(there, token);
  expect(await tierOf(token)).toBe('BUSINESS');

  await here.endSession(token);
  expect(await ask(here, token)).toMatchObject({ code: 'unauthenticated' });
  await seenBy(there, token).toMatchObject({ code: 'unauthenticated' });
});

test('neither tokens, keys nor names of users are in Redis, and what is there ends by itself within seconds', async () => {
  const user = `ann-${crypto.randomUUID()}@end.example`;
  const session = await here.startSession({ authorization: `Bearer ${key}`, purserUser: user });
  if (isRefusal(session)) throw new Error(session.detail);
  await expect
    .poll(async () => (await ask(there, session.token), (await names()).length), { timeout: 20_000 })
    .toBeGreaterThan(0);
  for (const name of await names()) {
    const text = `${name} ${(await redis.getBuffer(name))?.toString('latin1')}`;
    expect(text).not.toContain(session.token.slice('purser_se_'.length));
    expect(text).not.toContain(key.slice(14));
    expect(text).not.toContain(user);
    expect(await redis.pttl(name)).toBeLessThanOrEqual(3_000);
  }
});

test('the sessions of an erased end user, or of a workspace, are ended on every server, with nothing of them left in Redis; others go on', async () => {
  const signInAs = async (purserUser: string): Promise<string> => {
    const session = await here.startSession({ authorization: `Bearer ${key}`, purserUser });
    if (isRefusal(session)) throw new Error(session.detail);
    return session.token;
  };
  const [ann, bob] = [await signInAs('ann'), await signInAs('bob')];
  const { workspace } = (await ask(here, ann)) as Caller;
  for (const token of [ann, bob]) await seenBy(there, token).toMatchObject({ kind: 'session' });
  await here.endSessionsFor(workspace!.id, 'ann');
  expect(await ask(here, ann)).toMatchObject({ code: 'unauthenticated' });
  await seenBy(there, ann).toMatchObject({ code: 'unauthenticated' });
  for (const server of [here, there]) expect(await ask(server, bob)).toMatchObject({ kind: 'session', user: 'bob' });
  await here.endSessionsFor(workspace!.id);
  expect(await ask(here, bob)).toMatchObject({ code: 'unauthenticated' });
  await seenBy(there, bob).toMatchObject({ code: 'unauthenticated' });
});

test('the database away: sessions are answered `overloaded`, never let in unseen', async () => {
  const door = new TcpProxy(database.url);
  await door.open();
  const pool = openPool(door.url, { application: 'test', connections_max: 2 });
  const identity = await openServer(url, pool);
  const token = await signIn(identity);
  expect(await ask(identity, token)).toMatchObject({ kind: 'session' });
  await door.shut();
  await seenBy(identity, token).toMatchObject({ code: 'overloaded' });
  await door.open();
  await seenBy(identity, token).toMatchObject({ kind: 'session' });
  await identity.close();
  await pool.end();
  await door.shut();
});

describe.skipIf(!HAS_REDIS_SERVER)('two servers, and a Redis of their own', () => {
  const letters: string[] = [];
  const persons = {
    public_url: 'https://purser.example',
    print: (text: string) => void letters.push(text),
    starts_per_address: 50,
    log: createLog({ level: 'silent' }),
    record: () => Promise.resolve(),
  };
  const origin = () => ({ address: '10.1.1.1', device: crypto.randomUUID() });
  const own = new OwnRedis();
  let one: Identity;
  let two: Identity;
  const openPeople = (redis_url: string) =>
    openIdentity({ pool: database.pool, clock, admin_token: 'an-admin-token', offering: () => catalog, redis_url, persons });
  beforeAll(async () => {
    await own.start();
    [one, two] = await Promise.all([openPeople(own.url), openPeople(own.url)]);
  });
  afterAll(async () => {
    await one.close();
    await two.close();
    await own.kill();
  });

  async function start(): Promise<string> {
    const started = await one.persons.signInAnonymously(origin());
    if (isRefusal(started)) throw new Error(started.detail);
    return started.token;
  }
  async function flush(): Promise<void> {
    const connection = new Redis(own.url);
    await connection.flushall();
    connection.disconnect();
  }
  /** Longer than any server believes what it read. */
  const forgotten = () => sleep(750);

  test('Redis emptied or killed: who is signed in goes on, anonymous or by a key, and a link that waits still opens', async () => {
    const tokens = [await start(), await signIn(one)];
    const email = `${crypto.randomUUID()}@harbour.example`;
    expect(await one.persons.requestLink(email, '10.1.1.1')).toBe(true);
    const emptying: readonly (() => Promise<void>)[] = [flush, () => own.kill(), () => own.start(), flush];
    for (const empty of emptying) {
      await empty();
      await forgotten();
      for (const token of tokens)
        for (const server of [one, two]) expect(await ask(server, token)).toMatchObject({ kind: 'session' });
    }
    await own.kill();
    const started = await start();
    expect(await ask(two, started)).toMatchObject({ kind: 'session', workspace: { plan: 'FREE' } });
    const link = /token=([A-Za-z]{32})/.exec(letters.at(-1) ?? '')![1]!;
    const opened = await two.persons.takeLink(link, {}, origin());
    expect(await ask(one, (opened as { token: string }).token)).toMatchObject({ kind: 'session', person: { email } });
    expect(await one.persons.takeLink(link, {}, origin())).toMatchObject({ code: 'unauthenticated' });
    await own.start();
  });

  test('who signed out, on this device or everywhere, stays so on both servers when Redis is emptied, killed and back', async () => {
    const by_key = await signIn(one);
    const [here_only, everywhere] = [await start(), await start()];
    const { person } = (await ask(two, everywhere)) as Caller;
    for (const token of [by_key, here_only, everywhere]) await seenBy(two, token).toMatchObject({ kind: 'session' });
    await one.endSession(by_key);
    await one.endSession(here_only);
    await one.persons.signOutEverywhere(person!);
    for (const token of [by_key, here_only, everywhere]) {
      expect(await ask(one, token)).toMatchObject({ code: 'unauthenticated' });
      await seenBy(two, token).toMatchObject({ code: 'unauthenticated' });
    }
    const emptying: readonly (() => Promise<void>)[] = [flush, () => own.kill(), () => own.start()];
    for (const empty of emptying) {
      await empty();
      await forgotten();
      for (const token of [by_key, here_only, everywhere])
        for (const server of [one, two]) expect(await ask(server, token)).toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('signed out while Redis is away, one is not signed in again by its coming back', async () => {
    const token = await start();
    await seenBy(two, token).toMatchObject({ kind: 'session' });
    await own.kill();
    await one.endSession(token);
    await own.start();
    await forgotten();
    for (const server of [one, two]) expect(await ask(server, token)).toMatchObject({ code: 'unauthenticated' });
  });

  test('a session that is made longer at the moment of its sign-out stays ended', async () => {
    const token = await start();
    clock.advance({ hours: 25 });
    const [renewed] = await Promise.all([
      one.persons.renew({ authorization: `Bearer ${token}` }),
      one.endSession(token),
      two.persons.renew({ authorization: `Bearer ${token}` }),
    ]);
    expect(renewed).toBeDefined();
    await forgotten();
    for (const server of [one, two]) expect(await ask(server, token)).toMatchObject({ code: 'unauthenticated' });
  });

  test('F7 a person’s session carries the plan it has by now', async () => {
    const token = await start();
    const { workspace } = (await ask(one, token)) as Caller;
    await one.changeWorkspace(workspace!.id, { plan: 'PRO' });
    await seenBy(two, token).toMatchObject({ workspace: { plan: 'PRO' } });
    const storage = sealedStorage(new PostgresEntries(database.pool, clock), await sharedSecret(database.pool));
    const tier = async (): Promise<unknown> => {
      await ask(two, token);
      return (JSON.parse((await storage.get(token)) ?? '{}') as { session?: { tier?: unknown } }).session?.tier;
    };
    await expect.poll(tier, { timeout: 20_000 }).toBe('PRO');
  });
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
    offering: () => catalog,
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
