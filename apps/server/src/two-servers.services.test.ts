import { parseSettings } from '@purser/settings';
import { type MailServer, startMailServer } from '@purser/identity/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startServer } from './start.ts';
import { startTestServer, type TestServer } from './testing/index.ts';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** A second server on the database and the Redis of the first. */
async function beside(first: TestServer): Promise<{ url: string; stop(): Promise<void> }> {
  const { catalog, clock, log } = first.running.composition.deps;
  const running = await startServer({
    // Two servers go by one clock; here it is the one that the tests begin at.
    settings: parseSettings({ PORT: '0', REDIS_URL, PURSER_TEST_CLOCK: clock.now().toString() }),
    database_url: first.database.url,
    admin_token: first.admin_token,
    catalog,
    log,
  });
  return { url: running.address, stop: () => running.stop() };
}

let first: TestServer;
let mail: MailServer;
let second: Awaited<ReturnType<typeof beside>>;
beforeAll(async () => {
  mail = await startMailServer();
  first = await startTestServer({ REDIS_URL, SMTP_URL: mail.url });
  second = await beside(first);
});
afterAll(async () => {
  await second.stop();
  await first.close();
  await mail.close();
});

const generate = (url: string, key: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/ai/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ operation: 'chat', prompt: 'hello' }),
  });

describe('two servers on one database and one Redis', () => {
  it('know each other’s sessions, and end them for both (F7)', async () => {
    const { key } = await first.workspace();
    const opened = await first.ask('/api/session', { body: { key, cookie: false } });
    expect((await generate(second.url, opened.json.token)).status).toBe(200);
    await first.ask('/api/session', { method: 'DELETE', key: opened.json.token });
    await expect.poll(async () => (await generate(second.url, opened.json.token)).status).toBe(401);
  });

  it('know each other’s persons: a session begun on one, linked by a letter that is opened on the other, keeps its workspace and spend (F7, S7)', async () => {
    const started = await first.ask('/api/auth/sign-in/anonymous', { body: { cookie: false } });
    const { token } = started.json;
    expect((await generate(second.url, token)).status).toBe(200);
    const email = `${crypto.randomUUID()}@harbour.example`;
    await first.ask('/api/auth/sign-in/magic-link', { key: token, body: { email } });
    const link = mail.linkTo(email).searchParams.get('token');
    const opened = await fetch(`${second.url}/api/auth/magic-link/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token: link, cookie: false }),
    });
    const { token: linked } = (await opened.json()) as { token: string };
    const { json } = await first.ask('/api/usage', { key: linked });
    expect(json.workspace_id).toBe(started.json.session.workspace.id);
    expect(json.meters.find(({ key }) => key === 'jobs')).toMatchObject({ used: 1 });
    await expect.poll(async () => (await generate(first.url, token)).status).toBe(401);
    await first.ask('/api/session', { method: 'DELETE', key: linked });
    await expect.poll(async () => (await generate(second.url, linked)).status).toBe(401);
  });

  it('share one rate window: together they admit no more than one would (T5)', async () => {
    const { key } = await first.workspace('PRO', { overrides: { rate: { rps: 1000, rpm: 10, burst: 1000 } } });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => generate(i % 2 === 0 ? first.url : second.url, key)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
  });

  it('share one ceiling, one balance and one idempotency key', async () => {
    const { id, key } = await first.workspace('PRO', {
      overrides: { credits_monthly: 20, rate: { rps: 1000, rpm: 1000, burst: 1000 }, concurrency: 100 },
    });
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => generate(i % 2 === 0 ? first.url : second.url, key)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(20);
    await first.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 1, reason: 'one more' } });
    const once = { 'idempotency-key': 'across' };
    const [here, there] = await Promise.all([generate(first.url, key, once), generate(second.url, key, once)]);
    expect(await here.json()).toEqual(await there.json());
    const { json } = await first.ask('/api/usage', { key });
    expect(json.credits.balance).toBeGreaterThanOrEqual(0);
    expect((await first.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });

  it('a change of the workspace at one counts at the other within a second', async () => {
    const { id, key } = await first.workspace();
    expect((await generate(second.url, key)).status).toBe(200);
    await first.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license: 'grace' } });
    await expect.poll(async () => (await generate(second.url, key)).status).toBe(402);
  });
});
