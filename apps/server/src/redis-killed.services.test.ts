import { HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { expect, it } from 'vitest';

import { parseSettings } from '@purser/settings';

import { startServer } from './start.ts';
import { startTestServer } from './testing/index.ts';

const SAAS = new URL('../../../catalogs/saas-credits.yaml', import.meta.url).pathname;

it.skipIf(!HAS_REDIS_SERVER)(
  'C4, T5 two servers and a Redis that is killed and comes back: limits hold, who is kept out stays out, money is guarded, all is served',
  async () => {
    await using redis = new OwnRedis();
    await redis.start();
    const environment = { PURSER_CATALOG: SAAS, REDIS_URL: redis.url, PURSER_SERVERS_MAX: '2' };
    const first = await startTestServer(environment);
    const { catalog, clock, log } = first.running.composition.deps;
    const second = await startServer({
      settings: parseSettings({ ...environment, PORT: '0', PURSER_TEST_CLOCK: clock.now().toString() }),
      database_url: first.database.url,
      admin_token: first.admin_token,
      catalog,
      log,
    });
    const addresses = [first.url, second.address];
    const ask = async (call: number, key: string, user: string, prompt = 'hello') => {
      const response = await fetch(`${addresses[call % 2]}/api/ai/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'purser-user': user },
        body: JSON.stringify({ operation: 'chat', prompt }),
      });
      const { code } = (await response.json()) as { code?: string };
      return response.status === 200 ? 'ok' : (code ?? String(response.status));
    };
    /** Of 40 users, at both servers: how many are admitted. */
    const admitted = async (key: string, from: number): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: 40 }, (_, call) => ask(call, key, `user-${from + call}`)));
      for (const answer of answers) expect(['ok', 'rate_limited']).toContain(answer);
      return answers.filter((answer) => answer === 'ok').length;
    };
    const limited = { overrides: { concurrency: 100, rate: { rps: 1_000, rpm: 20, burst: 1_000 } } };
    const { key } = await first.workspace('PRO', limited);
    const { key: later } = await first.workspace('PRO', limited);
    // Wrong calls count against the rate of their workspace, so they are made in one of their own.
    const { key: wrongs } = await first.workspace('PRO', limited);
    // One after the other, so that each server has admitted its half: that is what it knows when it is alone.
    for (let call = 0; call < 20; call += 1) expect(await ask(call, key, `user-${call}`)).toBe('ok');
    expect(await admitted(key, 20)).toBe(0);
    for (let call = 0; call < 5; call += 1)
      expect(await ask(call, wrongs, 'mallory', 'x'.repeat(50_001))).toBe('request_too_large');
    for (const call of [0, 1]) expect(await ask(call, wrongs, 'mallory', 'x'.repeat(50_001))).toBe('temporarily_blocked');

    await redis.kill();
    expect(await admitted(key, 100)).toBe(0);
    const alone = await admitted(later, 100);
    expect(alone).toBe(20);
    for (const call of [0, 1]) expect(await ask(call, wrongs, 'mallory')).toBe('temporarily_blocked');

    await redis.start();
    const enforced = () => first.log_lines.filter((line) => line.includes('"enforced":"shared"')).length;
    await expect
      .poll(
        async () => {
          for (const call of [0, 1]) await ask(call, key, 'somebody');
          return enforced();
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBeGreaterThanOrEqual(2);
    expect(await admitted(key, 200)).toBe(0);
    expect(await admitted(later, 200)).toBe(0);
    for (const call of [0, 1]) expect(await ask(call, wrongs, 'mallory')).toBe('temporarily_blocked');

    expect((await first.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, open_holds: 0, mismatches: [] });
    await second.stop();
    await first.close();
  },
);
