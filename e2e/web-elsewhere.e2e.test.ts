import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectBrowser, ON_PHONE, signIn, visit } from './browser.ts';
import { type RunningServer, startServer } from './server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/* The web client on a host of its own, as docs/deploying.md says: built for the API's address, served as files. */

let folder: string;
let files: Server;
let web: string;
let server: RunningServer;
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-web-'));
  files = await serveFiles(folder);
  web = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  [server, browser] = await Promise.all([startServer({ PURSER_WEB_URL: web }), connectBrowser()]);
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  const words = ['build', path.join(ROOT, 'apps/web'), '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'];
  await promisify(execFile)(process.execPath, [vite, ...words], {
    env: { ...process.env, NODE_ENV: 'production', VITE_PURSER_API: server.origin },
  });
}, 180_000);
afterAll(async () => {
  await browser.close();
  await server.stop();
  files.close();
  await rm(folder, { recursive: true, force: true });
});

/** As any host of files: what is no file is the page, which knows its own addresses. */
async function serveFiles(of: string): Promise<Server> {
  const serving = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://files');
    const type = TYPES[path.extname(pathname)];
    void readFile(path.join(of, type === undefined ? 'index.html' : pathname)).then(
      (content) => response.setHeader('content-type', type ?? 'text/html').end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    serving.listen(0, '127.0.0.1', resolve);
  });
  return serving;
}

it('the page of another origin signs in by a key, makes a call, saves a file, and signs out', async () => {
  const { page, complaints, close } = await visit(browser, web, ON_PHONE);
  await signIn(page, server.workspace_key);
  await page.getByLabel('Your task').fill('The harbour opened in 1887.');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText(/^Transaction [0-9a-f-]{36}$/).waitFor();
  await page.goto(`${web}/statement`);
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV' }).click();
  expect((await saved).suggestedFilename()).toMatch(/\.csv$/);
  await page.reload();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Workspace key or admin token').waitFor();
  expect(await page.evaluate(() => Object.values(localStorage).join(' '))).not.toMatch(/\./);
  expect(complaints).toEqual([]);
  await close();
}, 60_000);

it('an emailed link leads to the page of the other origin, whose button signs in and goes on to the page that was asked for', async () => {
  const { page, close } = await visit(browser, web, ON_PHONE);
  const email = `${crypto.randomUUID()}@bakery.example`;
  const asked = await fetch(`${server.origin}/api/auth/sign-in/magic-link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, callbackURL: '/usage?from=mail' }),
  });
  expect(asked.status).toBe(202);
  const link = new RegExp(`${email}[^]*?(${web}/sign-in/link\\S+)`);
  await expect.poll(() => link.exec(server.printed())?.[1]).toBeDefined();
  const address = new URL(link.exec(server.printed())?.[1] ?? '');
  // What a browser sends to the host of the page names no token.
  expect(address.search).toBe('');
  await page.goto(address.href);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  expect(page.url()).toBe(`${web}/usage?from=mail`);
  await close();
}, 60_000);
