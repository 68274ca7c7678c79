import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectBrowser, faultsInBothSizes, ON_DESKTOP, signIn, tab, visit } from './browser.ts';
import { type RunningServer, startServer } from './server.ts';
import { sharedServer } from './shared-server.ts';

const JOURNEY_TIMEOUT_MS = 120_000;
const MONEY = /[€$£]\s?\d|\d\s?[€$£]|\b(?:EUR|USD)\b/;

let browser: Browser;
const credits = sharedServer();
let cost: RunningServer;

beforeAll(async () => {
  [browser, cost] = await Promise.all([connectBrowser(), startServer({ PURSER_CATALOG: 'catalogs/business-suite.yaml' })]);
});

afterAll(async () => {
  await browser?.close();
  await cost?.stop();
});

const shown = (page: Page): Promise<string> => page.locator('main').innerText();

async function runExample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Use an example' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText(/^Transaction [0-9a-f-]{36}$/).waitFor();
}

async function newWorkspace(
  of: { readonly origin: string; readonly admin_token: string },
  name: string,
  plan: string,
): Promise<{ id: string; key: string }> {
  const response = await fetch(`${of.origin}/api/admin/workspaces`, {
    method: 'POST',
    headers: { authorization: `Bearer ${of.admin_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, plan }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; key: string };
}

describe('walked through on a desktop, each screen looked at in both sizes and schemes', () => {
  it(
    'where credits are shown, a customer meets no money but prices',
    async () => {
      const { page, complaints, close } = await visit(browser, credits.origin, ON_DESKTOP, { key: credits.workspace_key });
      await runExample(page);
      expect(await page.getByTestId('charged').innerText()).toMatch(/^[1-9]\d* cr$/);
      for (const [name, heading] of [
        ['Usage', 'Usage and limits'],
        ['Calls', 'Calls'],
        ['Statement', 'Statement'],
      ] as const) {
        await tab(page, name);
        await page.getByRole('heading', { name: heading, exact: true }).waitFor();
        expect([name, MONEY.exec(await shown(page))]).toEqual([name, null]);
      }
      await tab(page, 'Usage');
      await page.getByRole('button', { name: 'Show every rule and its reason' }).click();
      await page.getByText('Concurrent calls').first().waitFor();
      expect(MONEY.exec(await shown(page))).toBeNull();
      await tab(page, 'Plan');
      await page.getByText('credits a month', { exact: false }).first().waitFor();
      expect(await shown(page)).not.toMatch(/may cost|ceiling/i);
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'with another catalog, plans and operations are its own, and the page shows the cost that it promises to show',
    async () => {
      const { page, complaints, close } = await visit(browser, cost.origin, ON_DESKTOP, { key: cost.admin_token });
      await tab(page, 'Workspaces');
      await page.getByRole('button', { name: 'Create workspace' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Mill & Co');
      const plan = page.getByLabel('Plan', { exact: true });
      await expect.poll(() => plan.locator('option').allInnerTexts()).toEqual(['Self-hosted', 'Team', 'Agency']);
      await plan.selectOption('TEAM');
      await page.getByRole('button', { name: 'Create workspace' }).click();
      const key = await page.getByTestId('key').innerText();
      await page.getByRole('button', { name: 'Sign out' }).click();

      await signIn(page, key);
      await page.getByText('Turns a request in plain words', { exact: false }).waitFor();
      await runExample(page);
      expect(await page.getByTestId('cost').innerText()).toMatch(/^\$0\.0*[1-9]/);
      expect(await page.getByTestId('ceiling').innerText()).toMatch(MONEY);
      expect(await faultsInBothSizes(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'an operator is asked before what customers notice: a freeze, a large gift, taking it back, another plan; Cancel does nothing',
    async () => {
      const { id } = await newWorkspace(credits, `Asked ${ON_DESKTOP.name}`, 'PRO');
      const { page, complaints, close } = await visit(browser, credits.origin, ON_DESKTOP, { key: credits.admin_token });
      await tab(page, 'Throttling');
      await page.getByRole('button', { name: 'Freeze everything' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('for any customer', { exact: false }).waitFor();
      // The safe way out has the focus.
      expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Cancel');
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Freeze everything' }).click();
      await dialog.getByRole('button', { name: 'Freeze now' }).click();
      await page.getByRole('button', { name: 'Unfreeze' }).click();
      await dialog.getByRole('button', { name: 'Unfreeze now' }).click();
      await page.getByRole('button', { name: 'Freeze everything' }).waitFor();

      await page.goto(`/admin/workspaces/${id}/settings`);
      const amount = page.getByRole('textbox', { name: 'Credits', exact: true });
      await amount.fill('5000');
      await page.getByLabel('Reason', { exact: true }).fill('a bad week');
      await page.getByRole('button', { name: 'Give credits', exact: true }).click();
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.getByTestId('gifts').count()).toBe(0);
      await page.getByRole('button', { name: 'Give credits', exact: true }).click();
      await dialog.getByText('nobody pays for what they cost', { exact: false }).waitFor();
      await dialog.getByRole('button', { name: 'Give credits now' }).click();
      await page.getByTestId('gifts').getByText('5,000 left', { exact: false }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByTestId('gifts').getByRole('button', { name: 'Take back' }).click();
      await dialog.getByRole('button', { name: 'Take back now' }).click();
      await page.getByTestId('gifts').getByText('0 left', { exact: false }).waitFor();

      await page.getByRole('combobox', { name: /^Plan/ }).selectOption('BUSINESS');
      await page.getByRole('button', { name: 'Save terms' }).click();
      await dialog.getByText('what it does not include stops', { exact: false }).waitFor();
      await dialog.getByRole('button', { name: 'Change the plan now' }).click();
      await page.getByText('BUSINESS', { exact: true }).first().waitFor();
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );
});
