import { Door } from '@purser/base/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let redis: Door;
let server: TestServer;
beforeAll(async () => {
  redis = new Door(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379');
  await redis.open();
  server = await startTestServer({ REDIS_URL: redis.url, PURSER_FREE_STARTS_PER_ADDRESS: '100', SMTP_URL: 'smtp://127.0.0.1:1' });
});
afterAll(async () => {
  await server.close();
  await redis.shut();
});

it('a session store that is away is 503 to whoever has a session, and never “signed out”, nor a second start', async () => {
  const { key } = await server.workspace();
  const byKey = await server.ask('/api/session', { body: { key } });
  const anonymous = await server.ask('/api/auth/sign-in/anonymous', { body: {} });
  const cookies = [byKey, anonymous].map(({ headers }) =>
    headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; '),
  );
  const seen = (cookie: string) => server.ask('/api/session', { headers: { cookie } });
  for (const cookie of cookies) expect((await seen(cookie)).text).toContain('"kind":"workspace"');

  await redis.shut();
  for (const cookie of cookies) {
    // What was read a moment ago is believed for that moment, and then nobody is.
    await expect.poll(async () => (await seen(cookie)).status, { timeout: 10_000 }).toBe(503);
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    const answers = [
      await seen(cookie),
      await server.ask('/api/auth/sign-in/anonymous', { body: {}, headers }),
      await server.ask('/api/auth/sign-in/magic-link', { body: { email: 'ann@harbour.example' }, headers }),
      await server.ask('/api/auth/magic-link/verify', { body: { token: 'x' }, headers }),
      await server.ask('/api/usage', { headers }),
    ];
    for (const { status, json, headers: told } of answers) {
      expect([status, json.code, told.has('retry-after'), told.getSetCookie()]).toEqual([503, 'overloaded', true, []]);
    }
  }
  // Who has no session is nobody, and what is open to all stays open.
  expect((await server.ask('/api/session')).text).toBe('{"kind":null}');
  expect((await server.ask('/api/packs', { headers: { cookie: cookies[0] ?? '' } })).status).toBe(200);

  await redis.open();
  for (const cookie of cookies) await expect.poll(async () => (await seen(cookie)).status, { timeout: 10_000 }).toBe(200);
});
