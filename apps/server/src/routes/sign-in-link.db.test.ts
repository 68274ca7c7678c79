import { type MailServer, startMailServer } from '@purser/identity/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let mail: MailServer;
beforeAll(async () => {
  mail = await startMailServer();
  server = await startTestServer({ SMTP_URL: mail.url, PURSER_FREE_STARTS_PER_ADDRESS: '1000' });
});
afterAll(async () => {
  await server.close();
  await mail.close();
});

/** Addresses that look like a page of this site, and lead away from it. */
const STRAYS = [
  '/.//evil.example',
  '/x/..//evil.example',
  '/%2e//evil.example',
  '/%252e//evil.example',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '//evil.example@purser.example',
  '//evil\u3002example',
  'https://evil.example/',
  'javascript:alert(1)',
  'data:text/html,x',
];

const mailbox = () => `${crypto.randomUUID()}@harbour.example`;
const LINK = '/api/auth/magic-link/verify';
/** The token of the newest link to a mailbox. */
const tokenTo = (email: string): string => mail.linkTo(email).searchParams.get('token') ?? '';
/** What a browser does with a link: opens the page, and presses its button. */
const open = (at: string) => fetch(at, { redirect: 'manual', headers: { accept: 'text/html' } });
const press = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(server.url + LINK, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: server.url, 'sec-fetch-site': 'same-origin', ...headers },
    body: new URLSearchParams(fields),
  });

describe('a link', () => {
  it('S7: opened any number of times, by a mail scanner too, changes nothing; the button on its page signs in and leads on, once', async () => {
    const email = mailbox();
    await server.ask('/api/auth/sign-in/magic-link', { body: { email, callbackURL: '/studio?tab=2' } });
    const { pathname, search } = mail.linkTo(email);
    const address = server.url + pathname + search;
    for (const method of ['HEAD', 'GET', 'GET', 'HEAD']) {
      const seen = await fetch(address, { method, redirect: 'manual' });
      expect([method, seen.status, seen.headers.getSetCookie()]).toEqual([method, 200, []]);
    }
    const page = await (await open(address)).text();
    expect(page).toContain(`Sign in to Purser as ${email}`);
    const fields = Object.fromEntries(
      [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [name, value]),
    );
    expect(fields).toEqual({ token: tokenTo(email), callbackURL: '/studio?tab=2' });

    const opened = await press(fields);
    expect([opened.status, opened.headers.get('location')]).toEqual([303, '/studio?tab=2']);
    const cookie = opened.headers.getSetCookie().map((one) => one.split(';')[0]);
    const seen = await server.ask('/api/session', { headers: { cookie: cookie.join('; ') } });
    expect(seen.text).toContain(email);

    for (const again of [await press(fields), await open(address)]) {
      expect([again.status, again.headers.get('location'), again.headers.getSetCookie()]).toEqual([401, null, []]);
      expect(await again.text()).toContain('This link no longer works');
    }
    expect((await server.ask(LINK, { body: { token: tokenTo(email) } })).json.code).toBe('unauthenticated');
  });

  it('is not pressed by another site’s page, and stays good for its own', async () => {
    const email = mailbox();
    await server.ask('/api/auth/sign-in/magic-link', { body: { email } });
    const token = tokenTo(email);
    const elsewhere: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: server.url },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
    ];
    for (const headers of elsewhere) expect((await press({ token }, headers)).status).toBe(403);
    expect((await press({ token })).status).toBe(303);
    // A browser of before says only where a form comes from.
    await server.ask('/api/auth/sign-in/magic-link', { body: { email } });
    const { host } = new URL(server.url);
    const old = (origin: string) =>
      server.ask(LINK, {
        body: new URLSearchParams({ token: tokenTo(email) }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
      });
    expect((await old('https://evil.example')).status).toBe(403);
    expect((await old(`http://${host}`)).status).not.toBe(403);
  });

  it('shows what it was sent as text, under a policy that runs nothing and sends its form to us alone', async () => {
    const email = mailbox();
    await server.ask('/api/auth/sign-in/magic-link', { body: { email, callbackURL: '/%22%3E%3Cscript%3E?x="&y=<b>' } });
    const { pathname, search } = mail.linkTo(email);
    const answer = await open(server.url + pathname + search);
    const page = await answer.text();
    expect([page.includes('<b>'), page.includes('<script'), page.includes('?x="')]).toEqual([false, false, false]);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; .*form-action 'self'; .*frame-ancestors 'none'$/);
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect([answer.headers.get('cache-control'), answer.headers.get('referrer-policy')]).toEqual(['no-store', 'same-origin']);
  });

  it('leads nowhere but to a page of this site, whatever it was asked to lead to, or made to say afterwards', async () => {
    const email = mailbox();
    expect((await server.ask('/api/auth/sign-in/magic-link', { body: { email, callbackURL: '/x/../studio' } })).status).toBe(202);
    const token = tokenTo(email);
    for (const callbackURL of STRAYS) {
      const asked = await server.ask('/api/auth/sign-in/magic-link', { body: { email: mailbox(), callbackURL } });
      expect([callbackURL, asked.status, asked.json.code]).toEqual([callbackURL, 400, 'invalid_request']);
      const opened = [
        await open(`${server.url}${LINK}?${new URLSearchParams({ token, callbackURL }).toString()}`),
        await press({ token, callbackURL }),
      ];
      for (const { status, headers } of opened) {
        expect([callbackURL, status, headers.get('location')]).toEqual([callbackURL, 400, null]);
      }
    }
    const callbackURL = mail.linkTo(email).searchParams.get('callbackURL') ?? '';
    const opened = await press({ token, callbackURL });
    expect([opened.status, opened.headers.get('location')]).toEqual([303, '/studio']);
  });
});
