import { setTimeout as sleep } from 'node:timers/promises';

import { isRefusal } from '@purser/core';
import { HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { blockRule, planRules } from './rate.ts';
import { RedisRateLimiter } from './redis-limiter.ts';

const START_MS = Temporal.Instant.from('2026-05-04T10:00:00Z').epochMilliseconds;
const MINUTE_MS = 60_000;
const LIMIT = 40;
const rules = planRules({ rps: 1_000, rpm: LIMIT, burst: 1_000 });
const request = (now_ms: number, scope = 'w') => ({
  scope,
  subjects: [{ name: 'workspace', rules }],
  now: Temporal.Instant.fromEpochMilliseconds(now_ms),
});

async function untilEnforced(servers: readonly RedisRateLimiter[], enforced: string): Promise<void> {
  for (let wait = 0; servers.some((server) => server.enforced !== enforced); wait += 1) {
    if (wait > 200) throw new Error(`the limits are not enforced ${enforced}`);
    await sleep(50);
    // Somebody else asks, so that the window under test stays as it is.
    await Promise.all(servers.map(async (server) => server.decide(request(START_MS, 'somebody else'))));
  }
}

test.skipIf(!HAS_REDIS_SERVER)(
  'T5 two servers, Redis killed and back without its memory: no window passes the limit, whenever the calls come and wherever they go',
  async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const open = () => RedisRateLimiter.open({ url: redis.url, servers_max: 2, timeout_ms: 1_000 });
    const servers = await Promise.all([open(), open()]);
    let scopes = 0;
    const calls = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4_000 })), {
      minLength: 60,
      maxLength: 120,
    });
    const run = async (scope: string, now_ms: number, part: readonly (readonly [number, number])[]) => {
      const admitted: number[] = [];
      let at_ms = now_ms;
      for (const [server, moved_ms] of part) {
        at_ms += moved_ms;
        if (!isRefusal(await servers[server]!.decide(request(at_ms, scope)))) admitted.push(at_ms);
      }
      return { admitted, at_ms };
    };
    // Each of these workspaces lives through the same outage at its own pace.
    const lives = fc.sample(fc.tuple(calls, calls, calls), { numRuns: 30, seed: 7 }).map((parts) => ({
      scope: `w${scopes++}`,
      parts,
      at_ms: START_MS,
      admitted: [] as number[],
    }));
    for (const phase of [0, 1, 2] as const) {
      if (phase === 1) {
        await redis.kill();
        await untilEnforced(servers, 'local_share');
      }
      if (phase === 2) {
        await redis.start();
        await untilEnforced(servers, 'shared');
      }
      for (const life of lives) {
        // Both servers have heard of the workspace shortly before Redis goes.
        const heard =
          phase === 0
            ? ([
                [0, 0],
                [1, 0],
              ] as const)
            : [];
        const { admitted, at_ms } = await run(life.scope, life.at_ms, [...life.parts[phase], ...heard]);
        life.admitted.push(...admitted);
        life.at_ms = at_ms;
      }
    }
    for (const { admitted } of lives) {
      for (const [index, from] of admitted.entries()) {
        expect(admitted.slice(index).filter((at) => at < from + MINUTE_MS).length).toBeLessThanOrEqual(LIMIT);
      }
    }
    expect(lives.some(({ admitted }) => admitted.length > LIMIT)).toBe(true);
    await Promise.all(servers.map((server) => server.close()));
  },
);

test.skipIf(!HAS_REDIS_SERVER)(
  'C4 who is kept out stays out while Redis is away, and when it is back without its memory',
  async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const limiter = await RedisRateLimiter.open({ url: redis.url, servers_max: 2, timeout_ms: 1_000 });
    const subject = {
      name: 'user:ada',
      rules: [],
      block: blockRule({ failures_block: 3, failures_seconds: 900, block_seconds: 900 }),
    };
    const now = Temporal.Instant.fromEpochMilliseconds(START_MS);
    for (let call = 0; call < 3; call += 1) expect(await limiter.fail({ scope: 'w', subject, now })).toBeUndefined();
    const decide = async () => limiter.decide({ scope: 'w', subjects: [subject], now });
    expect(await decide()).toMatchObject({ code: 'temporarily_blocked' });
    await redis.kill();
    await untilEnforced([limiter], 'local_share');
    expect(await decide()).toMatchObject({ code: 'temporarily_blocked' });
    await redis.start();
    await untilEnforced([limiter], 'shared');
    expect(await decide()).toMatchObject({ code: 'temporarily_blocked' });
    await limiter.close();
  },
);
