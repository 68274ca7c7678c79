import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Answered, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let workspace: { id: string; key: string };
beforeAll(async () => {
  server = await startTestServer();
  workspace = await server.workspace('PRO', { external_id: 'acme' });
});
afterAll(() => server.close());

const signIn = (key: string, more: object = {}): Promise<Answered> => server.ask('/api/session', { body: { key, ...more } });

function cookieOf(answer: Answered): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

describe('a session', () => {
  it('201: is opened by a key, as a cookie that scripts cannot read and other sites cannot send', async () => {
    const opened = await signIn(workspace.key);
    expect(opened.status).toBe(201);
    expect(opened.json).toMatchObject({
      session: { kind: 'workspace', workspace: { id: workspace.id, name: 'Test', plan: 'PRO' } },
    });
    expect(opened.json.token).toBeUndefined();
    expect(opened.headers.get('set-cookie')).toMatch(
      /^purser_session=purser_se_\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/,
    );
    const usage = await server.ask('/api/usage', { headers: { cookie: cookieOf(opened) } });
    expect([usage.status, usage.json.workspace_id]).toEqual([200, workspace.id]);
  });

  it('201: or as a token, for clients without cookies', async () => {
    const opened = await signIn(workspace.key, { cookie: false });
    expect(opened.headers.get('set-cookie')).toBeNull();
    expect((await server.ask('/api/usage', { key: opened.json.token })).status).toBe(200);
  });

  it('says who is signed in: a workspace, the admin, or nobody', async () => {
    const admin = await signIn(server.admin_token);
    const asked = (cookie?: string) => server.ask('/api/session', cookie === undefined ? {} : { headers: { cookie } });
    expect((await asked(cookieOf(admin))).json).toEqual({ kind: 'admin', workspace: null });
    expect((await asked(cookieOf(await signIn(workspace.key)))).json.workspace.id).toBe(workspace.id);
    expect((await asked()).json).toEqual({ kind: null });
    expect((await asked('purser_session=purser_se_nothing')).json).toEqual({ kind: null });
  });

  it('changes something only when our own page asked: the cookie alone is not enough', async () => {
    const cookie = cookieOf(await signIn(workspace.key));
    const generate = (headers: Record<string, string>) =>
      server.ask('/api/ai/generate', { body: { operation: 'chat', prompt: 'hello' }, headers: { cookie, ...headers } });
    for (const elsewhere of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const { status, json } = await generate(elsewhere);
      expect([elsewhere, status, json.code]).toEqual([elsewhere, 403, 'forbidden']);
    }
    expect((await generate({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await generate({ origin: server.url })).status).toBe(200);
  });

  it('204: ends at once when signed out', async () => {
    const cookie = cookieOf(await signIn(workspace.key));
    const out = await server.ask('/api/session', { method: 'DELETE', headers: { cookie, origin: server.url } });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await server.ask('/api/usage', { headers: { cookie } })).status).toBe(401);
  });

  it('reaches no other workspace than its own (S15)', async () => {
    const other = await server.workspace();
    const cookie = cookieOf(await signIn(workspace.key));
    const { status, json } = await server.ask('/api/usage', { headers: { cookie, 'purser-workspace': other.id } });
    expect([status, json.code]).toEqual([403, 'forbidden']);
    expect((await server.ask('/api/usage', { headers: { cookie, 'purser-workspace': 'acme' } })).status).toBe(200);
  });

  it('401: a wrong key opens none, is not repeated, and guessing is bounded per address (C4)', async () => {
    const wrong = await signIn('purser_ws_guess');
    expect([wrong.status, wrong.json.code]).toEqual([401, 'unauthenticated']);
    expect(wrong.text).not.toContain('guess');
    expect((await server.ask('/api/session', { body: { key: 5 } })).json.detail).toBe('"key": want a string, got a number');
    const guesses = await Promise.all(Array.from({ length: 130 }, (_, i) => server.ask('/api/usage', { key: `purser_ws_${i}` })));
    const last = guesses.filter(({ status }) => status === 429);
    expect(last.length).toBeGreaterThan(5);
    expect(last[0]?.json.code).toBe('rate_limited');
    expect(Number(last[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
