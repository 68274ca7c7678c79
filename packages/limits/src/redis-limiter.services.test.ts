import { setTimeout as sleep } from 'node:timers/promises';

import { isRefusal } from '@purser/core';
import { TcpProxy } from '@purser/embedded/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';

import { LocalRateLimiter } from './local-limiter.ts';
import { blockRule, planRules, type RateRequest, type RateRule } from './rate.ts';
import { RedisRateLimiter } from './redis-limiter.ts';
import { anyRules, anySteps, ReferenceLimiter, subjectsOf } from './testing/reference.ts';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const START_MS = Temporal.Instant.from('2026-05-04T10:00:00.250Z').epochMilliseconds;
const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms);

let prefixes = 0;
const root = `purser:test:${process.pid}:${Date.now()}:`;
const open = (prefix = `${root}${prefixes++}:`, more: { url?: string; servers_max?: number } = {}) =>
  RedisRateLimiter.open({ url, prefix, timeout_ms: 2_000, ...more });

afterAll(async () => {
  const redis = new Redis(url);
  const keys = await redis.keys(`${root}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

test('what is counted of a user, and its failures, are in Redis without the user’s name', async () => {
  const prefix = `${root}named:`;
  const limiter = await open(prefix);
  const name = `ada-${crypto.randomUUID()}`;
  const block = blockRule({ failures_block: 3, failures_seconds: 90, block_seconds: 60 });
  const subject = { name: `user:${name}`, rules: planRules({ rps: 10, rpm: 100, burst: 10 }), block };
  await limiter.decide({ scope: 'w', subjects: [subject], now: instant(START_MS) });
  await limiter.fail({ scope: 'w', subject, now: instant(START_MS) });
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}*`);
  const kept = await Promise.all(keys.map(async (key) => [key, (await redis.dumpBuffer(key))?.toString('latin1')]));
  redis.disconnect();
  await limiter.close();
  // What began to count, a generation of windows, and the failures.
  expect(kept.length).toBeGreaterThanOrEqual(3);
  expect(JSON.stringify(kept)).not.toContain(name);
});

describe('the limiter over several servers', () => {
  test('T5 decides as the reference model does', async () => {
    const limiter = await open();
    let scopes = 0;
    await fc.assert(
      fc.asyncProperty(fc.record({ workspace: anyRules, user: anyRules }), anySteps, async (rules, steps) => {
        const reference = new ReferenceLimiter();
        const scope = `w${scopes++}`;
        let now_ms = START_MS;
        for (const step of steps) {
          now_ms += step.moved_ms;
          const subjects = subjectsOf(step, rules);
          const wait_ms = reference.decide(scope, subjects, now_ms);
          const decision = await limiter.decide({ scope, subjects, now: instant(now_ms) });
          expect(isRefusal(decision)).toBe(wait_ms > 0);
          if (isRefusal(decision)) expect(decision.retryAfterSeconds).toBe(Math.max(1, Math.ceil(wait_ms / 1_000)));
        }
      }),
      { numRuns: 100 },
    );
    expect(limiter.enforced).toBe('shared');
    await limiter.close();
  });

  test('C4, T5 says the same as the limiter of one process, word for word, failures too, even when the clock is set back and forth', async () => {
    const shared = await open();
    let scopes = 0;
    const jumps = fc.integer({ min: -200_000, max: 200_000 });
    const block = blockRule({ failures_block: 3, failures_seconds: 90, block_seconds: 60 });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ workspace: anyRules, user: anyRules }),
        fc.array(fc.tuple(anySteps, jumps), { maxLength: 4 }),
        fc.integer({ min: 2, max: 9 }),
        async (rules, parts, fails_every) => {
          let calls = 0;
          const local = new LocalRateLimiter();
          const scope = `w${scopes++}`;
          let now_ms = START_MS;
          for (const [steps, jump_ms] of parts) {
            for (const step of steps.slice(0, 30)) {
              now_ms += step.moved_ms;
              const now = instant(now_ms);
              const request = { scope, subjects: subjectsOf(step, rules).map((subject) => ({ ...subject, block })), now };
              const [subject] = request.subjects;
              if (subject && ++calls % fails_every === 0) {
                expect(await shared.fail({ scope, subject, now })).toEqual(local.fail({ scope, subject, now }));
                continue;
              }
              const here = local.decide(request);
              const there = await shared.decide(request);
              expect(there).toEqual(isRefusal(here) ? here : { allowed: true, enforced: 'shared' });
            }
            now_ms += jump_ms;
          }
        },
      ),
      { numRuns: 60 },
    );
    await shared.close();
  });

  test('T5 calls that go to Redis together are decided as if one by one, in the order in which they came', async () => {
    const limiter = await open();
    let scopes = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ workspace: anyRules, user: anyRules }),
        fc.array(anySteps, { maxLength: 5 }),
        async (rules, parts) => {
          const reference = new ReferenceLimiter();
          const scope = `w${scopes++}`;
          let now_ms = START_MS;
          const requests = parts.flat().map((step) => {
            now_ms += step.moved_ms;
            return { scope, subjects: subjectsOf(step, rules), now: instant(now_ms) };
          });
          const wanted = requests.map(({ subjects, now }) => reference.decide(scope, subjects, now.epochMilliseconds));
          const decisions = await Promise.all(requests.map(async (request) => limiter.decide(request)));
          expect(decisions.map((decision) => (isRefusal(decision) ? decision.retryAfterSeconds : 0))).toEqual(
            wanted.map((wait_ms) => (wait_ms === 0 ? 0 : Math.max(1, Math.ceil(wait_ms / 1_000)))),
          );
        },
      ),
      { numRuns: 100 },
    );
    expect(limiter.enforced).toBe('shared');
    await limiter.close();
  });

  test('T5 three servers that race admit the limit exactly, once', async () => {
    const prefix = `${root}${prefixes++}:`;
    const servers = await Promise.all([open(prefix), open(prefix), open(prefix)]);
    const rules: RateRule[] = [{ kind: 'window', name: 'rpm', count_max: 100, window_ms: 60_000, code: 'rate_limited' }];
    const calls = Array.from({ length: 600 }, async (_, call) =>
      servers[call % 3]!.decide({ scope: 'w', subjects: [{ name: 'workspace', rules }], now: instant(START_MS + (call % 7)) }),
    );
    const decisions = await Promise.all(calls);
    expect(decisions.filter((decision) => !isRefusal(decision)).length).toBe(100);
    await Promise.all(servers.map((server) => server.close()));
  });

  test('whatever a user is called, it is counted by itself and disturbs nobody', async () => {
    const limiter = await open();
    const rules: RateRule[] = [{ kind: 'window', name: 'rpm', count_max: 1, window_ms: 60_000, code: 'rate_limited' }];
    const names = ['', '"', '\\', '\u0000', '\ud800', '𐀀', '\n', "'; drop", '%s', '{}', 'x'.repeat(10_000)];
    const decide = (name: string) =>
      limiter.decide({ scope: 'odd', subjects: [{ name: `user:${name}`, rules }], now: instant(START_MS) });
    for (const admits of [true, false]) {
      const decisions = await Promise.all(names.map(async (name) => decide(name)));
      expect(decisions.map((decision) => !isRefusal(decision))).toEqual(names.map(() => admits));
    }
    expect(limiter.enforced).toBe('shared');
    await limiter.close();
  });

  test('keys end by themselves once nothing in them counts', async () => {
    const prefix = `${root}${prefixes++}:`;
    const limiter = await open(prefix);
    await limiter.decide({
      scope: 'w',
      subjects: [{ name: 'workspace', rules: planRules({ rps: 5, rpm: 20, burst: 10 }) }],
      now: instant(START_MS),
    });
    const redis = new Redis(url);
    const keys = (await redis.keys(`${prefix}*`)).filter((key) => !key.endsWith('epoch'));
    expect(keys).toHaveLength(1);
    const ttl_ms = await redis.pttl(keys[0] ?? '');
    expect(ttl_ms).toBeGreaterThan(121_000);
    expect(ttl_ms).toBeLessThanOrEqual(720_000);
    redis.disconnect();
    await limiter.close();
  });
});

describe('a Redis that goes away', () => {
  const rules = planRules({ rps: 100, rpm: 40, burst: 100 });
  const request = (now_ms: number): RateRequest => ({
    scope: 'w',
    subjects: [{ name: 'workspace', rules }],
    now: instant(now_ms),
  });
  const admitted = async (limiter: RedisRateLimiter, tries: number, now_ms: number) => {
    let count = 0;
    for (let call = 0; call < tries; call += 1) if (!isRefusal(await limiter.decide(request(now_ms)))) count += 1;
    return count;
  };

  test('never opens: a server that has never seen it grants its share of the limit and says so', async () => {
    const limiter = await open(undefined, { url: 'redis://127.0.0.1:1', servers_max: 4 });
    expect(await limiter.decide(request(START_MS))).toEqual({ allowed: true, enforced: 'local_share' });
    expect(await admitted(limiter, 100, START_MS)).toBe(9);
    expect(limiter.enforced).toBe('local_share');
    await limiter.close();
  });

  test('killed and back, without its memory: this server stays within the limit of each window throughout', async () => {
    const prefix = `${root}${prefixes++}:`;
    const door = new TcpProxy(url);
    await door.open();
    const changes: string[] = [];
    const limiter = await RedisRateLimiter.open({
      url: door.url,
      prefix,
      servers_max: 2,
      onChange: (enforced) => changes.push(enforced),
    });
    expect(await admitted(limiter, 15, START_MS)).toBe(15);

    await door.shut();
    // 15 of this server's share of 20 are gone already.
    expect(await admitted(limiter, 100, START_MS + 1_000)).toBe(5);
    expect(await limiter.decide(request(START_MS + 1_000))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 60 });

    const redis = new Redis(url);
    await redis.del(await redis.keys(`${prefix}*`));
    redis.disconnect();
    await door.open();
    for (let wait = 0; limiter.enforced !== 'shared' && wait < 100; wait += 1) {
      await sleep(50);
      // Another workspace asks: the first one's window stays as it is.
      await limiter.decide({ ...request(START_MS + 2_000), scope: 'v' });
    }
    expect(changes).toEqual(['local_share', 'shared']);
    // Redis has forgotten the 15, this server has not.
    expect(await admitted(limiter, 100, START_MS + 3_000)).toBe(0);
    expect(await admitted(limiter, 100, START_MS + 63_000)).toBe(20);
    await limiter.close();
    await door.shut();
  });

  test('hanging: the first call waits for the time limit, those with it and after it do not', async () => {
    const door = new TcpProxy(url);
    await door.open();
    const limiter = await RedisRateLimiter.open({
      url: door.url,
      prefix: `${root}${prefixes++}:`,
      servers_max: 2,
      timeout_ms: 200,
    });
    expect(await admitted(limiter, 1, START_MS)).toBe(1);
    door.jam();
    const waited_out = (calls: number) => sleep((calls * 200) / 2, 'waited', { ref: false });
    expect(await Promise.race([admitted(limiter, 100, START_MS + 1_000), waited_out(100)])).toBe(19);

    await sleep(1_000);
    const together = Promise.all(Array.from({ length: 1_000 }, async () => limiter.decide(request(START_MS + 130_000))));
    expect(
      await Promise.race([together.then((all) => all.filter((decision) => !isRefusal(decision)).length), waited_out(100)]),
    ).toBe(20);
    await limiter.close();
    await door.shut();
  });
});
