import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { isRefusal } from '@purser/core';
import { TcpProxy, HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';

import { planRules } from './rate.ts';
import { RedisRateLimiter } from './redis-limiter.ts';

const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0;

const LIMIT = 40;
const rules = planRules({ rps: 1_000, rpm: LIMIT, burst: 1_000 });
const START = Temporal.Instant.from('2026-05-04T10:00:00Z');

async function admitted(servers: readonly RedisRateLimiter[], calls: number): Promise<number> {
  let count = 0;
  for (let call = 0; call < calls; call++) {
    const request = { scope: 'w', subjects: [{ name: 'workspace', rules }], now: START };
    const decision = await servers[call % servers.length]!.decide(request);
    if (!isRefusal(decision)) count += 1;
  }
  return count;
}

describe.runIf(HAS_REDIS_SERVER)('a Redis that is not like ours', () => {
  test('emptied while it stays up, any number of times: no window passes its limit', async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const told: string[] = [];
    const open = () =>
      RedisRateLimiter.open({ url: redis.url, servers_max: 2, timeout_ms: 5_000, onChange: (_how, why) => told.push(why) });
    const servers = await Promise.all([open(), open()]);
    const operator = new Redis(redis.url);
    let count = await admitted(servers, 30);
    for (let emptied = 0; emptied < 3; emptied++) {
      await operator.flushall();
      count += await admitted(servers, 60);
    }
    expect(count).toBeLessThanOrEqual(LIMIT);
    expect(count).toBeGreaterThanOrEqual(30);
    expect(told.filter((why) => why.startsWith('Redis has lost its counters')).length).toBeGreaterThanOrEqual(2);
    operator.disconnect();
    for (const server of servers) await server.close();
  });

  test('a primary that becomes a replica and keeps its connections is left for the new primary at the same name', async () => {
    await using old = new OwnRedis();
    await using promoted = new OwnRedis();
    await Promise.all([old.start(), promoted.start()]);
    const name = new TcpProxy(old.url);
    await name.open();
    const server = await RedisRateLimiter.open({ url: name.url, timeout_ms: 5_000 });
    expect(await admitted([server], 1)).toBe(1);
    name.leadTo(promoted.url);
    const operator = new Redis(old.url);
    await operator.replicaof('127.0.0.1', new URL(promoted.url).port);
    await admitted([server], 1);
    await expect
      .poll(async () => [await admitted([server], 1), server.enforced], { timeout: 20_000, interval: 200 })
      .toEqual([1, 'shared']);
    operator.disconnect();
    await server.close();
    await name.shut();
  });

  test('one that cannot save to its disk refuses writes: each server holds itself to its share, says when to come again, and goes back when it can', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'purser-redis-'));
    await using redis = new OwnRedis();
    await redis.start(['--save', '3600 1', '--dir', folder]);
    const server = await RedisRateLimiter.open({ url: redis.url, servers_max: 4, timeout_ms: 5_000 });
    expect(await admitted([server], 1)).toBe(1);
    await rm(folder, { recursive: true });
    const operator = new Redis(redis.url);
    await operator.bgsave();
    await expect.poll(() => operator.set('x', '1').catch(String)).toMatch(/MISCONF/);
    expect(await admitted([server], LIMIT)).toBeLessThan(LIMIT / 4);
    expect(server.enforced).toBe('local_share');
    const refused = await server.decide({ scope: 'w', subjects: [{ name: 'workspace', rules }], now: START });
    expect(refused).toMatchObject({ code: 'rate_limited', retryAfterSeconds: expect.any(Number) as number });
    await operator.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await expect.poll(async () => [await admitted([server], 1), server.enforced], { timeout: 10_000 }).toEqual([0, 'shared']);
    operator.disconnect();
    await server.close();
  });

  test('one whose memory is full takes no writes: each server holds itself to its share', async () => {
    await using redis = new OwnRedis();
    await redis.start(['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction']);
    const told: string[] = [];
    const onChange = (_how: string, why: string): void => void told.push(why);
    const server = await RedisRateLimiter.open({ url: redis.url, servers_max: 4, timeout_ms: 5_000, onChange });
    expect(await admitted([server], LIMIT)).toBe(LIMIT / 4);
    expect([server.enforced, told.join(' ')]).toEqual(['local_share', expect.stringMatching(/^OOM/)]);
    await server.close();
  });

  test.runIf(HAS_OPENSSL)(
    'one behind TLS is trusted by the CA in NODE_EXTRA_CA_CERTS, and refused at the start without it',
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'purser-redis-'));
      const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
      const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
      expect(spawnSync('openssl', words.split(' ')).status).toBe(0);
      await using redis = new OwnRedis();
      await redis.start(
        ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
        {
          tls: true,
        },
      );
      const limiter = new URL('redis-limiter.ts', import.meta.url).href;
      const program = `const { RedisRateLimiter } = await import('${limiter}');
      const opened = RedisRateLimiter.open({ url: '${redis.url}', timeout_ms: 5_000 });
      const said = await opened.then((server) => server.decide({ scope: 'w', subjects: [], now: Temporal.Now.instant() }), String);
      console.log(JSON.stringify(said));
      process.exit();`;
      const run = (more: object): string =>
        spawnSync(process.execPath, ['--input-type=module', '-e', program], {
          env: { ...process.env, ...more },
        }).stdout.toString();
      expect(run({})).toMatch(
        /cannot be used: it is not trusted \(self-signed certificate\); name the file of its CA in NODE_EXTRA_CA_CERTS/,
      );
      expect(JSON.parse(run({ NODE_EXTRA_CA_CERTS: cert }))).toEqual({ allowed: true, enforced: 'shared' });
      await rm(folder, { recursive: true });
    },
  );

  test('scripts that were flushed are sent again', async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const server = await RedisRateLimiter.open({ url: redis.url, timeout_ms: 5_000 });
    const operator = new Redis(redis.url);
    await operator.script('FLUSH');
    expect(await admitted([server], LIMIT + 10)).toBe(LIMIT);
    operator.disconnect();
    await server.close();
  });

  test('a user that may not run scripts is refused at the start, by name', async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const operator = new Redis(redis.url);
    await operator.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', '-@scripting');
    operator.disconnect();
    const url = redis.url.replace('//', '//limited:secret@');
    await expect(RedisRateLimiter.open({ url })).rejects.toThrow(/does not run Purser’s script \(NOPERM/);
  });

  test.each([
    [
      ['--cluster-enabled', 'yes', '--cluster-config-file', `purser-nodes-${process.pid}.conf`],
      /a node of a Redis Cluster answers.*want a single Redis or Valkey/,
    ],
    [['--sentinel'], /a Sentinel answers.*want the primary that it watches/],
    [['--replicaof', '127.0.0.1 1'], /a replica answers.*want its primary/],
    [['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru'], /its maxmemory-policy is volatile-lru.*want noeviction/],
    [['--requirepass', 'another'], /refuses the connection \(.*NOAUTH/],
  ])('%j is refused at the start, by name', async (words, message) => {
    await using redis = new OwnRedis();
    await redis.start(words);
    await expect(RedisRateLimiter.open({ url: redis.url })).rejects.toThrow(message);
  });
});
