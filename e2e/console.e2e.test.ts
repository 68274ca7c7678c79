import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectBrowser, faultsInBothSizes, ON_DESKTOP, ON_PHONE, tab, visit } from './browser.ts';
import { sharedServer } from './shared-server.ts';

const JOURNEY_TIMEOUT_MS = 120_000;
const WORKSPACES = 60;
/** Other journeys make workspaces on the same server. */
const OVENS = '/admin/workspaces?sort=name&q=oven';

const server = sharedServer();
let browser: Browser;

beforeAll(async () => {
  browser = await connectBrowser();
  const made = await Promise.all(
    Array.from({ length: WORKSPACES }, (_, index) =>
      fetch(`${server.origin}/api/admin/workspaces`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.admin_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `Oven ${String(index + 1).padStart(2, '0')}`, plan: index % 2 === 0 ? 'BUSINESS' : 'PRO' }),
      }),
    ),
  );
  expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
});

afterAll(async () => {
  await browser?.close();
});

const focused = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.innerText');
const table = (page: Page) => page.getByRole('table', { name: 'Workspaces' });
const firstRow = (page: Page): Promise<string> => table(page).getByRole('row').nth(1).innerText();

describe('walked through on a phone, each screen looked at in both sizes and schemes', () => {
  it(
    'a table is ordered, filtered, searched and paged at the server, and its address brings the same rows back',
    async () => {
      const { page, complaints, close } = await visit(browser, server.origin, ON_PHONE, { key: server.admin_token, path: OVENS });
      await page.getByText('Rows 1 to 50 of 60').waitFor();
      expect(await firstRow(page)).toContain('Oven 01');
      expect(await faultsInBothSizes(page)).toEqual([]);

      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByText('Rows 51 to 60 of 60').waitFor();
      const [address, row] = [page.url(), await firstRow(page)];
      expect(row).toContain('Oven 51');
      await page.reload();
      await page.getByText('Rows 51 to 60 of 60').waitFor();
      expect([page.url(), await firstRow(page)]).toEqual([address, row]);
      await page.goBack();
      await page.getByText('Rows 1 to 50 of 60').waitFor();

      await page.getByRole('combobox', { name: 'Plan' }).selectOption('PRO');
      await page.getByText('of 30').waitFor();
      await page.getByRole('searchbox', { name: 'Name, id or your own id' }).fill('oven 3');
      await page.getByText('Rows 1 to 5 of 5').waitFor();
      expect(new URL(page.url()).search).toBe('?sort=name&q=oven+3&plan=PRO');
      const file = page.waitForEvent('download');
      await page.getByRole('link', { name: 'CSV' }).click();
      expect((await file).suggestedFilename()).toBe('workspaces.csv');
      await page.getByRole('searchbox', { name: 'Name, id or your own id' }).fill('nobody is called so');
      await page.getByText('Nothing matches').waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'the reference lists every endpoint that the server describes, to anybody, and opens each',
    async () => {
      const { page, complaints, close } = await visit(browser, server.origin, ON_PHONE, { path: '/docs' });
      await page.getByRole('heading', { name: 'API reference' }).waitFor();
      const description = (await (await fetch(`${server.origin}/api/openapi.json`)).json()) as { paths: Record<string, object> };
      const endpoints = Object.values(description.paths).flatMap((methods) => Object.keys(methods)).length;
      await expect.poll(() => page.locator('main details').count()).toBe(endpoints);
      await page.getByLabel('Find an endpoint').fill('ai/generate');
      await page.getByText('/api/ai/generate').click();
      await page.getByText('max_output_tokens', { exact: true }).waitFor();
      await page.getByText(/^credits\.balance/).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );
});

describe('by keyboard', () => {
  it(
    'rows are walked through by arrow keys and opened by Enter; a column is ordered by its head',
    async () => {
      const { page, close } = await visit(browser, server.origin, ON_DESKTOP, { key: server.admin_token, path: OVENS });
      await table(page).getByRole('row').nth(1).focus();
      await page.keyboard.press('ArrowDown');
      expect(await focused(page)).toContain('Oven 02');
      await page.keyboard.press('End');
      expect(await focused(page)).toContain('Oven 50');
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Oven 01' }).waitFor();
      await page.goBack();
      await table(page).getByRole('button', { name: 'Name' }).focus();
      await page.keyboard.press('Enter');
      await expect
        .poll(() => table(page).getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort'))
        .toBe('descending');
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'Ctrl-K finds pages and workspaces, and goes there',
    async () => {
      const { page, close } = await visit(browser, server.origin, ON_DESKTOP, { key: server.admin_token });
      await page.keyboard.press('Control+k');
      const palette = page.getByRole('combobox', { name: 'Search or go to' });
      await palette.waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.keyboard.type('audit');
      await page.getByRole('option', { name: 'Audit log' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/admin\/audit$/);
      await page.keyboard.press('Control+k');
      await page.keyboard.type('oven 42');
      await page.getByRole('option', { name: 'Oven 42' }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Oven 42' }).waitFor();
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'a chart is read point by point, and stands as a table beside it',
    async () => {
      const { page, close } = await visit(browser, server.origin, ON_DESKTOP, { key: server.admin_token });
      const chart = page.getByRole('slider').first();
      await chart.focus();
      await page.keyboard.press('Home');
      const first = await chart.getAttribute('aria-valuetext');
      await page.keyboard.press('ArrowRight');
      expect(await chart.getAttribute('aria-valuetext')).not.toBe(first);
      expect(await chart.getAttribute('aria-valuetext')).toMatch(/Revenue: /);
      await page.getByText('Show as a table').first().click();
      await expect.poll(() => page.locator('figure table tbody tr').count()).toBeGreaterThanOrEqual(30);
      expect(await faultsInBothSizes(page)).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );
});

it(
  'what was typed is not left behind without a question, and what is wrong has the focus',
  async () => {
    const { page, close } = await visit(browser, server.origin, ON_DESKTOP, { key: server.admin_token });
    await tab(page, 'Workspaces');
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Half a name');
    await tab(page, 'Margin');
    const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Half a name');
    await tab(page, 'Margin');
    await dialog.getByRole('button', { name: 'Discard changes' }).click();
    await page.getByRole('heading', { name: 'Margin', exact: true }).waitFor();
    await close();
  },
  JOURNEY_TIMEOUT_MS,
);

it(
  'the page speaks another language by data alone: every word of the frame, and what has no translation stays English',
  async () => {
    const { page, close } = await visit(browser, server.origin, ON_DESKTOP);
    await page.route('**/languages/th.json', (route) => route.fulfill({ json: { 'Sign in': 'ลงชื่อเข้าใช้', Overview: 'ภาพรวม' } }));
    await page.evaluate("localStorage.setItem('purser.language', 'th')");
    await page.reload();
    await page.getByRole('heading', { name: 'ลงชื่อเข้าใช้' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('th');
    await page.getByText('Just started it?').waitFor();
    expect(await faultsInBothSizes(page)).toEqual([]);
    await close();
  },
  JOURNEY_TIMEOUT_MS,
);
