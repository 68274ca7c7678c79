import { Fault } from '@purser/core';
import type { Redis } from 'ioredis';

import type { RateScript } from './redis-script.ts';

/** What Redis says of a connection that will never be one, however often it is tried. */
const LASTING =
  /WRONGPASS|NOAUTH|NOPERM|invalid password|invalid username-password|without any password|DB index is out of range/i;
/** What the way to it says of a certificate that no further attempt will find better. */
const UNTRUSTED = /certificate|Hostname\/IP does not match/i;
/** What it says of the script where that can never run. */
const NEVER_RUNS = /NOPERM|unknown command|READONLY|CROSSSLOT|MOVED|CLUSTERDOWN|SELECT is not allowed/i;

/**
 * Whether what answers can count for several servers: one Redis or Valkey that takes writes, with the right to run scripts.
 * One that is away may be right: then each server holds itself to its share until it is back.
 * @throws Fault in one line that says what answers and what is wanted.
 */
export async function examineRedis(redis: Redis, script: RateScript, refused: unknown): Promise<void> {
  if (redis.status !== 'ready') {
    if (refused instanceof Error && LASTING.test(refused.message))
      throw refusal(`it refuses the connection (${refused.message})`);
    if (refused instanceof Error && UNTRUSTED.test(refused.message))
      throw refusal(`it is not trusted (${refused.message.split(';', 1)[0]}); name the file of its CA in NODE_EXTRA_CA_CERTS`);
    return;
  }
  const info = await redis.info().catch(() => '');
  const mode = /^(?:redis_mode|server_mode):(\w+)/m.exec(info)?.[1];
  if (mode === 'sentinel') throw refusal('a Sentinel answers, which stores nothing; want the primary that it watches');
  if (mode === 'cluster')
    throw refusal('a node of a Redis Cluster answers, whose keys are on many nodes; want a single Redis or Valkey');
  if (/^role:slave/m.test(info)) throw refusal('a replica answers, which is read-only; want its primary');
  const policy = evictingPolicy(info);
  if (policy !== undefined)
    throw refusal(`its maxmemory-policy is ${policy}, which deletes counters; want noeviction, or no maxmemory`);
  try {
    await script.try();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (NEVER_RUNS.test(words)) {
      throw refusal(
        `it does not run Purser’s script (${words}); want a user that may run EVAL and EVALSHA, and in scripts GET, SET, MGET, HMGET, HSET, PTTL, PEXPIRE, UNLINK and TIME`,
      );
    }
    // Anything else (no memory, a disk that is full) may pass: until then it counts as away.
  }
}

/** How it makes room when its memory is full, where that is by forgetting. */
function evictingPolicy(info: string): string | undefined {
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1];
  const bounded = /^maxmemory:[1-9]/m.test(info);
  return bounded && policy !== 'noeviction' ? policy : undefined;
}

function refusal(what: string): Fault {
  return new Fault(`REDIS_URL: the Redis there cannot be used: ${what}`, { retryable: false });
}
