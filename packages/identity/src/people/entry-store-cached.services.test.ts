import { randomBytes } from 'node:crypto';

import { TestClock } from '@purser/core';
import { openPool, type Pool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { TcpProxy, HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { identityMigrations } from '../index.ts';
import { CACHED_MS, RedisEntryCache } from './entry-cache-redis.ts';
import { CachedEntries, type CachePoint } from './entry-store-cached.ts';
import { PostgresEntries } from './entry-store-postgres.ts';

const LIFETIME_MS = 86_400_000;
const OPEN = Buffer.from('open');

let database: TestDatabase;
let redis: OwnRedis;
let eyes: Redis;
const clock = new TestClock(Temporal.Instant.from('2026-05-04T10:00:00Z'));
const servers: CachedEntries[] = [];
let name: Buffer;

const server = (at: { pool?: Pool; url?: string; pause?: (point: CachePoint) => Promise<void> | void } = {}): CachedEntries => {
  const entries = new PostgresEntries(at.pool ?? database.pool, clock);
  const made = new CachedEntries(entries, new RedisEntryCache(at.url ?? redis.url), clock, at.pause);
  servers.push(made);
  return made;
};

/** Stops once at a point, until it is told to go on. */
function stopAt(wanted: CachePoint) {
  const reached = Promise.withResolvers<void>();
  const go_on = Promise.withResolvers<void>();
  let stopped = false;
  const pause = async (point: CachePoint): Promise<void> => {
    if (stopped || point !== wanted) return;
    stopped = true;
    reached.resolve();
    await go_on.promise;
  };
  return { pause, reached: reached.promise, goOn: () => go_on.resolve() };
}

/** Until this server and Redis have found each other: a look-up leaves what it found. */
async function joined(...all: readonly CachedEntries[]): Promise<void> {
  for (const one of all) {
    const probe = async (): Promise<number> => {
      const unknown = randomBytes(32);
      await one.get(unknown);
      return eyes.exists(keyOf(unknown));
    };
    await expect.poll(probe, { timeout: 20_000 }).toBe(1);
  }
}
const keyOf = (of: Buffer): string => `purser:session:${of.toString('hex')}`;

describe.skipIf(!HAS_REDIS_SERVER)('sessions in PostgreSQL with Redis in front', () => {
  beforeAll(async () => {
    database = await createTestDatabase([identityMigrations]);
    redis = new OwnRedis();
  });
  beforeEach(async () => {
    await redis.kill();
    await redis.start();
    eyes = new Redis(redis.url);
    eyes.on('error', () => {});
    name = randomBytes(32);
  });
  afterEach(async () => {
    for (const one of servers.splice(0)) await one.close();
    eyes.disconnect();
  });
  afterAll(async () => {
    await redis.kill();
    await database.drop();
  });

  test('what Redis knows is found without PostgreSQL, for a few seconds at most', async () => {
    const door = new TcpProxy(database.url);
    await door.open();
    const pool = openPool(door.url, { application: 'test', connections_max: 2 });
    const here = server({ pool });
    await here.put(name, OPEN, LIFETIME_MS);
    await joined(here);
    expect(await here.get(name)).toEqual(OPEN);
    expect(await eyes.pttl(keyOf(name))).toBeLessThanOrEqual(CACHED_MS);
    await door.shut();
    // However slow this machine is: the time of what was found stands still.
    await eyes.persist(keyOf(name));
    expect(await here.get(name)).toEqual(OPEN);
    await pool.end();
  });

  test('a Redis that was emptied, killed or never there loses nothing, and ends nothing', async () => {
    const here = server();
    const nowhere = server({ url: 'redis://127.0.0.1:1' });
    await here.put(name, OPEN, LIFETIME_MS);
    await joined(here);
    await eyes.flushall();
    expect([await here.get(name), await nowhere.get(name)]).toEqual([OPEN, OPEN]);
    await redis.kill();
    expect([await here.get(name), await nowhere.get(name)]).toEqual([OPEN, OPEN]);
    await here.end(name);
    expect([await here.get(name), await nowhere.get(name)]).toEqual([undefined, undefined]);
    await redis.start();
    expect([await here.get(name), await server().get(name)]).toEqual([undefined, undefined]);
  });

  test('a look-up that read before a session was ended does not bring it back, to no server', async () => {
    const stop = stopAt('read');
    const here = server();
    await here.put(name, OPEN, LIFETIME_MS);
    const there = server();
    await joined(here, there);
    const slow = server({ pause: (point) => (stopping ? stop.pause(point) : undefined) });
    let stopping = false;
    await joined(slow);
    stopping = true;
    const reading = slow.get(name);
    await stop.reached;
    await here.end(name);
    stop.goOn();
    // It was there when it was asked for.
    expect(await reading).toEqual(OPEN);
    expect([await here.get(name), await there.get(name), await slow.get(name)]).toEqual([undefined, undefined, undefined]);
  });

  test('between PostgreSQL and Redis an end is not yet acknowledged; once it is, every server knows', async () => {
    const stop = stopAt('changed');
    const here = server();
    await here.put(name, OPEN, LIFETIME_MS);
    const ending = server({ pause: stop.pause });
    await joined(here, ending);
    await here.get(name);
    const end = ending.end(name);
    await stop.reached;
    expect([OPEN, undefined]).toContainEqual(await here.get(name));
    stop.goOn();
    await end;
    expect([await here.get(name), await ending.get(name)]).toEqual([undefined, undefined]);
  });

  test('what is ended stays so for whoever was just about to write it longer, or to replace it', async () => {
    const here = server();
    const there = server();
    await here.put(name, OPEN, LIFETIME_MS);
    await joined(here, there);
    await there.get(name);
    await here.end(name);
    await there.put(name, OPEN, LIFETIME_MS);
    await there.replace(name, OPEN, LIFETIME_MS);
    expect([await here.get(name), await there.get(name), await there.take(name)]).toEqual([undefined, undefined, undefined]);
  });

  test('an end that Redis could not be told is seen where it was made at once, elsewhere when what Redis says is over', async () => {
    const door = new TcpProxy(redis.url);
    await door.open();
    const cut_off = server({ url: door.url });
    const here = server();
    await here.put(name, OPEN, LIFETIME_MS);
    await joined(here, cut_off);
    await here.get(name);
    await door.shut();
    await cut_off.end(name);
    expect(await cut_off.get(name)).toBeUndefined();
    expect(await eyes.pttl(keyOf(name))).toBeLessThanOrEqual(CACHED_MS);
    await door.open();
    expect(await cut_off.get(name)).toBeUndefined();
    await expect.poll(() => here.get(name), { timeout: 20_000 }).toBeUndefined();
    expect(await cut_off.get(name)).toBeUndefined();
    await door.shut();
  });

  test('a Redis that hangs, or is full, is PostgreSQL alone', async () => {
    const door = new TcpProxy(redis.url);
    await door.open();
    const here = server({ url: door.url });
    await here.put(name, OPEN, LIFETIME_MS);
    await joined(here);
    door.jam();
    expect(await here.get(name)).toEqual(OPEN);
    await door.shut();
    await eyes.config('SET', 'maxmemory', '1');
    const there = server();
    await there.put(name, Buffer.from('still open'), LIFETIME_MS);
    expect(await there.get(name)).toEqual(Buffer.from('still open'));
  });

  test('of many that take a link at once on two servers one gets it, and it is gone by our clock', async () => {
    const [here, there] = [server(), server()];
    await here.put(name, OPEN, 60_000);
    await joined(here);
    const taken = await Promise.all(Array.from({ length: 10 }, (_, one) => (one % 2 === 0 ? here : there).take(name)));
    expect(taken.filter((one) => one !== undefined)).toEqual([OPEN]);
    expect(await there.get(name)).toBeUndefined();
    const later = randomBytes(32);
    await here.put(later, OPEN, 60_000);
    await here.get(later);
    clock.advance({ seconds: 61 });
    expect([await here.get(later), await there.get(later)]).toEqual([undefined, undefined]);
  });

  test('all that is about somebody is ended at once on every server, and nothing else', async () => {
    const [here, there] = [server(), server()];
    const about = [randomBytes(32), randomBytes(32)];
    const other = randomBytes(32);
    await here.put(name, OPEN, LIFETIME_MS, about);
    await here.put(other, OPEN, LIFETIME_MS, [about[0]!]);
    await joined(here, there);
    expect([await there.get(name), await there.get(other)]).toEqual([OPEN, OPEN]);
    await here.endAbout(about[1]!);
    expect([await there.get(name), await there.get(other)]).toEqual([undefined, OPEN]);
    await here.endAbout(about[0]!);
    expect([await here.get(other), await there.get(other)]).toEqual([undefined, undefined]);
    const { rows } = await database.pool.query<{ left: bigint }>(
      `select count(*) as left from identity.sealed_entry where sealed <> '' and name = any($1::bytea[])`,
      [[name, other]],
    );
    expect(rows).toEqual([{ left: 0n }]);
  });
});
