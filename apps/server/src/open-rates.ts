import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import { LocalRateLimiter, type RateLimiter, RedisRateLimiter } from '@purser/limits';

/** Rate windows in the process, or in the Redis that several servers share. @throws Fault when what answers there can never be one. */
export async function openRates({ redis_url, servers_max }: Settings, log: Log): Promise<RateLimiter> {
  if (redis_url === undefined) return new LocalRateLimiter();
  return RedisRateLimiter.open({
    url: redis_url,
    servers_max,
    onChange: (enforced, reason) => log.warn({ enforced, reason }, 'rate limits are enforced in another way'),
  });
}
