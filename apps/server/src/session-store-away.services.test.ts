import { parseSettings } from '@purser/settings';
import { suiteClock } from '@purser/core/testing';
import { TcpProxy } from '@purser/embedded/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type RunningServer, startServer } from './start.ts';
import { startTestServer, type TestServer } from './testing/index.ts';

let redis: TcpProxy;
let postgres: TcpProxy;
let server: TestServer;
/** Another server on the same database, by way of a door. */
let other: RunningServer;
beforeAll(async () => {
  redis = new TcpProxy(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379');
  await redis.open();
  const environment = { REDIS_URL: redis.url, PURSER_FREE_STARTS_PER_ADDRESS: '100', SMTP_URL: 'smtp://127.0.0.1:1' };
  server = await startTestServer(environment);
  postgres = new TcpProxy(server.database.url);
  await postgres.open();
  const { catalog, log } = server.running.composition.deps;
  other = await startServer({
    settings: parseSettings({ ...environment, PORT: '0', PURSER_TEST_CLOCK: suiteClock().now().toString() }),
    database_url: postgres.url,
    admin_token: server.admin_token,
    catalog,
    log,
  });
});
afterAll(async () => {
  await postgres.shut();
  await other.stop();
  await server.close();
  await redis.shut();
});

const cookiesOf = ({ headers }: { readonly headers: Headers }): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

async function signedIn(): Promise<readonly string[]> {
  const { key } = await server.workspace();
  const byKey = await server.ask('/api/session', { body: { key } });
  const anonymous = await server.ask('/api/auth/sign-in/anonymous', { body: {} });
  return [byKey, anonymous].map(cookiesOf);
}

it('while Redis is away who is signed in goes on, and anybody can sign in and out: sessions are in PostgreSQL', async () => {
  const cookies = await signedIn();
  await redis.shut();
  const later = await signedIn();
  for (const cookie of [...cookies, ...later]) {
    expect((await server.ask('/api/session', { headers: { cookie } })).text).toContain('"kind":"workspace"');
    expect((await server.ask('/api/usage', { headers: { cookie } })).status).toBe(200);
    expect((await fetch(`${other.address}/api/session`, { headers: { cookie } })).status).toBe(200);
  }
  const headers = { cookie: cookies[0] ?? '', 'sec-fetch-site': 'same-origin' };
  expect((await server.ask('/api/session', { method: 'DELETE', headers })).status).toBe(204);
  await redis.open();
  const seen = async (address: string) => (await fetch(`${address}/api/session`, { headers })).text();
  for (const address of [server.url, other.address])
    await expect.poll(() => seen(address), { timeout: 20_000 }).toBe('{"kind":null}');
});

it('a database that is away is 503 to whoever has a session, and never “signed out”, nor a second start', async () => {
  const cookies = await signedIn();
  const ask = (path: string, cookie: string, body?: object) =>
    fetch(other.address + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { cookie, 'sec-fetch-site': 'same-origin', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  await postgres.shut();
  for (const cookie of cookies) {
    // What was read a moment ago is believed for that moment, and then nobody is.
    await expect.poll(async () => (await ask('/api/session', cookie)).status, { timeout: 20_000 }).toBe(503);
    const answers = [
      await ask('/api/session', cookie),
      await ask('/api/auth/sign-in/anonymous', cookie, {}),
      await ask('/api/auth/sign-in/magic-link', cookie, { email: 'ann@harbour.example' }),
      await ask('/api/auth/magic-link/verify', cookie, { token: 'x' }),
      await ask('/api/usage', cookie),
    ];
    for (const answer of answers) {
      const { code } = (await answer.json()) as { code?: string };
      expect([answer.status, code, answer.headers.has('retry-after'), answer.headers.getSetCookie()]).toEqual([
        503,
        'overloaded',
        true,
        [],
      ]);
    }
  }
  // Who has no session is nobody.
  expect(await (await fetch(`${other.address}/api/session`)).text()).toBe('{"kind":null}');

  await postgres.open();
  for (const cookie of cookies)
    await expect.poll(async () => (await ask('/api/session', cookie)).status, { timeout: 20_000 }).toBe(200);
});
