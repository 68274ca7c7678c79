import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectBrowser, faultsInBothSizes, ON_PHONE, visit } from './browser.ts';
import { sharedServer } from './shared-server.ts';

const JOURNEY_TIMEOUT_MS = 120_000;

const server = sharedServer();
let browser: Browser;

beforeAll(async () => {
  browser = await connectBrowser();
});

afterAll(async () => {
  await browser?.close();
});

describe('walked through on a phone, each screen looked at in both sizes and schemes', () => {
  it(
    'an operator exports a workspace and deletes it after its name is typed; nothing happens before, and its key is dead after',
    async () => {
      const name = `Leaving ${ON_PHONE.name}`;
      const made = await fetch(`${server.origin}/api/admin/workspaces`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.admin_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, plan: 'PRO' }),
      });
      const { id, key } = (await made.json()) as { id: string; key: string };
      const { page, complaints, close } = await visit(browser, server.origin, ON_PHONE, {
        key: server.admin_token,
        path: `/admin/workspaces/${id}/settings`,
      });
      const saving = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Export all data' }).click();
      expect((await saving).suggestedFilename()).toBe(`purser-export-${id}.zip`);

      await page.getByRole('button', { name: 'Delete workspace…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Delete workspace' });
      await dialog.getByText('All keys stop working at once').waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      const confirm = dialog.getByRole('button', { name: 'Delete workspace' });
      expect(await confirm.isDisabled()).toBe(true);
      await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
      await confirm.click();
      await page.waitForURL(/\/admin\/workspaces$/);
      expect((await fetch(`${server.origin}/api/usage`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'somebody who started anonymously finds export and deletion under Settings, and is signed out by the deletion',
    async () => {
      const { page, complaints, close } = await visit(browser, server.origin, ON_PHONE);
      const started = await page.request.post('/api/auth/sign-in/anonymous', {
        data: { cookie: true },
        headers: { origin: server.origin },
      });
      expect(started.ok()).toBe(true);
      await page.goto('/settings');
      await page.getByRole('heading', { name: 'Your account' }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByRole('button', { name: 'Delete my account…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Delete my account' });
      await dialog.getByLabel('Also delete the workspaces', { exact: false }).check();
      await dialog.getByLabel('Type delete to confirm').fill('delete');
      expect(await faultsInBothSizes(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Delete my account' }).click();
      await page.getByLabel('Workspace key or admin token').waitFor();
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );
});
