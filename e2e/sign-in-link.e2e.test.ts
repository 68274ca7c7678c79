import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { connectBrowser, faultsInBothSizes, ON_DESKTOP, ON_PHONE } from './browser.ts';
import { sharedServer } from './shared-server.ts';

const JOURNEY_TIMEOUT_MS = 60_000;

const server = sharedServer();
let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
});

/** The link in the newest letter to a mailbox, as it was printed. */
async function linkTo(email: string): Promise<string> {
  const asked = await fetch(`${server.origin}/api/auth/sign-in/magic-link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });
  expect(asked.status).toBe(202);
  const link = new RegExp(`${email}[^]*?(http\\S+magic-link/verify\\S+)`);
  await expect.poll(() => link.exec(server.printed())?.[1]).toBeDefined();
  return link.exec(server.printed())?.[1] ?? '';
}

for (const [look, javaScriptEnabled] of [
  [ON_PHONE, true],
  [ON_DESKTOP, false],
] as const) {
  it(
    `a link from a letter shows whom it signs in, survives a scanner, and signs in by its button ${look.name}, ${javaScriptEnabled ? 'with' : 'without'} scripts`,
    async () => {
      const email = `${crypto.randomUUID()}@bakery.example`;
      const link = await linkTo(email);
      for (const method of ['HEAD', 'GET']) expect((await fetch(link, { method })).status).toBe(200);

      const context = await browser.newContext({ ...look.options, javaScriptEnabled });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      await page.goto(link);
      await page.getByRole('heading', { name: `Sign in to Purser as ${email}` }).waitFor();
      if (javaScriptEnabled) expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(`${server.origin}/`);
      const session = await context.request.get(`${server.origin}/api/session`);
      expect(await session.text()).toContain(email);
      if (javaScriptEnabled) await page.getByRole('button', { name: 'Sign out' }).waitFor();
      expect(complaints).toEqual([]);

      await page.goto(link);
      await page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
      if (javaScriptEnabled) expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByRole('link', { name: 'Ask for a new link' }).click();
      await page.waitForURL(`${server.origin}/`);
      await context.close();
    },
    JOURNEY_TIMEOUT_MS,
  );
}
