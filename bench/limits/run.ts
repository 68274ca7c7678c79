import { isRefusal } from '@purser/core';
import { HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { abuseRules, blockRule, LocalRateLimiter, planRules, type RateRequest, RedisRateLimiter } from '@purser/limits';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

import { heading, machine, median, table } from '../report.ts';

const WORKSPACES = 1_000;
const USERS = 10;
const ROUNDS = 3;
const LIMIT = 1_000_000;
/** By the place of a contender of ours, the one that decides as many rules (but for the failures). */
const SAME_RULES: Readonly<Record<number, number>> = { 0: 3, 1: 2 };

/** All rules a call of a plan with abuse limits has: rps with burst, rpm, minimum gap, the user's minute, the user's failures. */
const WORKSPACE = { name: 'workspace', rules: planRules({ rps: LIMIT, rpm: LIMIT, burst: LIMIT }) };
const USER = {
  rules: abuseRules({ requests_minute: LIMIT, gap_ms: 1 }),
  block: blockRule({ failures_block: 5, failures_seconds: 900, block_seconds: 900 }),
};
const REQUESTS: readonly Omit<RateRequest, 'now'>[] = Array.from({ length: WORKSPACES * USERS }, (_, number) => ({
  scope: `workspace-${number % WORKSPACES}`,
  subjects: [WORKSPACE, { name: `user:user-${Math.floor(number / WORKSPACES)}`, ...USER }],
}));
const ONE_RULE = { name: 'workspace', rules: WORKSPACE.rules.slice(1) };
const requestAt = (number: number): RateRequest => ({
  ...(REQUESTS[(number * 7_919) % REQUESTS.length] as (typeof REQUESTS)[number]),
  now: Temporal.Now.instant(),
});

interface Contender {
  readonly name: string;
  decide(number: number): Promise<unknown>;
}

interface Figures {
  readonly per_second: number;
  readonly cpu_us: number;
  readonly redis_us: number;
}

/** Decisions a second against rate-limiter-flexible, on one Redis, in turn. */
export async function benchLimits(quick: boolean): Promise<void> {
  heading('Rate limits');
  const url = process.env['REDIS_URL'];
  if (url === undefined && !HAS_REDIS_SERVER) {
    console.log('No REDIS_URL and no redis-server: not measured.');
    return;
  }
  await using own = new OwnRedis();
  if (url === undefined) await own.start();
  const redis = new Redis(url ?? own.url, { keyPrefix: '' });
  const prefix = `purser:bench:${process.pid}:`;
  const ours = await RedisRateLimiter.open({ url: url ?? own.url, prefix, timeout_ms: 5_000 });
  const theirs = ['rps', 'rpm', 'gap', 'minute'].map(
    (rule) =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `${prefix}theirs:${rule}`,
        points: LIMIT,
        duration: 60,
        useRedisPackage: false,
      }),
  );
  const [one] = theirs;
  if (one === undefined) throw new Error('there is a limiter to compare with');
  const contenders: Contender[] = [
    { name: 'Purser, five rules in one script', decide: async (number) => ours.decide(requestAt(number)) },
    { name: 'Purser, one rule', decide: async (number) => ours.decide({ ...requestAt(number), subjects: [ONE_RULE] }) },
    { name: 'rate-limiter-flexible, one rule', decide: (number) => one.consume(keyOf(number)) },
    {
      name: 'rate-limiter-flexible, four rules',
      decide: (number) => Promise.all(theirs.map((limiter) => limiter.consume(keyOf(number)))),
    },
  ];
  try {
    console.log(`${machine()}. ${WORKSPACES} workspaces of ${USERS} users; medians of ${ROUNDS} rounds, taken in turn.\n`);
    const rows: (string | number)[][] = [];
    for (const callers of [1, 64, 512]) rows.push(...(await compare(contenders, redis, callers, quick ? 1_000 : 3_000)));
    table(['callers, limiter', 'decisions/s', 'CPU µs here', 'CPU µs in Redis', 'against as many rules of theirs'], rows);
    inProcess();
  } finally {
    await ours.close();
    await removeKeys(redis, prefix);
    redis.disconnect();
  }
}

function keyOf(number: number): string {
  const { scope, subjects } = requestAt(number);
  return `${scope}:${subjects[1]?.name ?? ''}`;
}

async function compare(contenders: readonly Contender[], redis: Redis, callers: number, for_ms: number) {
  const figures = contenders.map((): Figures[] => []);
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const measured = await load(contender, redis, callers, round < 0 ? 300 : for_ms);
      // The first round warms up.
      if (round >= 0) figures[index]?.push(measured);
    }
  }
  const rate = (index: number) => median((figures[index] ?? []).map(({ per_second }) => per_second));
  return contenders.map(({ name }, index) => [
    `${callers}, ${name}`,
    Math.round(rate(index)),
    median((figures[index] ?? []).map(({ cpu_us }) => cpu_us)).toFixed(0),
    median((figures[index] ?? []).map(({ redis_us }) => redis_us)).toFixed(0),
    SAME_RULES[index] === undefined ? '' : `${(rate(index) / rate(SAME_RULES[index])).toFixed(2)} ×`,
  ]);
}

async function load(contender: Contender, redis: Redis, callers: number, for_ms: number): Promise<Figures> {
  let decided = 0;
  const redis_began = await redisCpuUs(redis);
  const cpu_began = process.cpuUsage();
  const began_ms = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - began_ms < for_ms) {
      const answer = await contender.decide(decided++);
      if (isRefusal(answer) && answer.code !== 'min_gap') throw new Error(`${contender.name}: ${answer.detail}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - began_ms) / 1_000;
  const { user, system } = process.cpuUsage(cpu_began);
  return {
    per_second: decided / seconds,
    cpu_us: (user + system) / decided,
    redis_us: ((await redisCpuUs(redis)) - redis_began) / decided,
  };
}

async function redisCpuUs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1e6;
}

/** What a decision costs where there is no Redis. */
function inProcess(): void {
  const limiter = new LocalRateLimiter();
  const count = 300_000;
  const rounds = Array.from({ length: ROUNDS + 1 }, () => {
    const began = process.cpuUsage();
    for (let number = 0; number < count; number += 1) limiter.decide(requestAt(number));
    const { user, system } = process.cpuUsage(began);
    return (user + system) / count;
  });
  console.log(`In the process, the same five rules: ${median(rounds.slice(1)).toFixed(2)} µs of CPU a decision.\n`);
}

async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
}
