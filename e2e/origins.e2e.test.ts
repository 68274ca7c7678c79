import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectBrowser } from './browser.ts';
import { serveEmptyPage } from './empty-page.ts';
import { sharedServer } from './shared-server.ts';

const server = sharedServer();
let stranger_app: Awaited<ReturnType<typeof serveEmptyPage>>;
let browser: Browser;
beforeAll(async () => {
  [stranger_app, browser] = await Promise.all([serveEmptyPage(), connectBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser.close();
  stranger_app.close();
});

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly request_id: string | null;
  readonly retry_after: string | null;
}

/** What a script of the page is given of an answer; undefined when the browser keeps it from it. */
function call(page: Page, path: string, init: object): Promise<Seen | undefined> {
  return page.evaluate(
    async ({ url, asked }) => {
      const answer = await fetch(url, asked).catch(() => undefined);
      if (answer === undefined) return undefined;
      const { headers } = answer;
      return {
        status: answer.status,
        text: await answer.text(),
        request_id: headers.get('x-request-id'),
        retry_after: headers.get('retry-after'),
      };
    },
    { url: server.origin + path, asked: init },
  );
}

it('a browser app of an allowed origin calls, streams, signs in by token and reads what it is refused; one of another origin gets nothing', async () => {
  const page = await browser.newPage();
  await page.goto(server.app_origin);
  const headers = { authorization: `Bearer ${server.workspace_key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ operation: 'chat', prompt: 'The harbour opened in 1887.' });
  const spending = { method: 'POST', headers: { ...headers, 'purser-user': 'ada', 'idempotency-key': 'one' }, body };
  const made = await call(page, '/api/ai/generate', spending);
  expect(made).toMatchObject({ status: 200, request_id: expect.any(String) as unknown });
  const streamed = await call(page, '/api/ai/generate', { ...spending, headers: { ...headers, accept: 'text/event-stream' } });
  expect(streamed?.text).toContain('event: ');
  const chat = { model: 'auto', messages: [{ role: 'user', content: 'The harbour opened.' }] };
  const stainless = { ...headers, 'x-stainless-lang': 'js', 'x-stainless-retry-count': '0' };
  expect(
    await call(page, '/v1/chat/completions', { method: 'POST', headers: stainless, body: JSON.stringify(chat) }),
  ).toMatchObject({
    status: 200,
  });
  const refused = await call(page, '/api/usage', { headers: { authorization: 'Bearer wrong' } });
  expect(refused).toMatchObject({ status: 401, text: expect.stringContaining('unauthenticated') as unknown });
  const started = await call(page, '/api/auth/sign-in/anonymous', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cookie: false }),
  });
  expect(started).toMatchObject({ status: 201, text: expect.stringContaining('"token"') as unknown });
  // With cookies nothing is readable, and none are set.
  expect(await call(page, '/api/session', { credentials: 'include' })).toBeUndefined();

  const stranger = await browser.newPage();
  await stranger.goto(stranger_app.origin);
  expect(await call(stranger, '/api/ai/generate', spending)).toBeUndefined();
  expect(await call(stranger, '/api/packs', {})).toBeUndefined();
}, 60_000);
