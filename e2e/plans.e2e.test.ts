import { type StripeStandIn, startStripeStandIn } from '@purser/marketplace/standins';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { connectBrowser, faultsInBothSizes, ON_DESKTOP, ON_PHONE, signIn, tab, visit } from './browser.ts';
import { type RunningServer, startServer } from './server.ts';

const JOURNEY_TIMEOUT_MS = 120_000;

let server: RunningServer;
let browser: Browser;
let stripe: StripeStandIn;

beforeAll(async () => {
  stripe = await startStripeStandIn({ now: () => Math.floor(Date.now() / 1000) });
  [server, browser] = await Promise.all([
    startServer({
      STRIPE_SECRET_KEY: stripe.secret_key,
      STRIPE_WEBHOOK_SECRET: stripe.webhook_secret,
      STRIPE_BASE_URL: stripe.origin,
    }),
    connectBrowser(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await stripe?.close();
});

async function ask<T>(path: string, body: unknown, method = 'POST'): Promise<T> {
  const response = await fetch(`${server.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.admin_token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok, `${path}: ${response.status}`).toBe(true);
  return (await response.json()) as T;
}

const newWorkspace = (name: string, plan: string, overrides = {}): Promise<{ id: string; key: string }> =>
  ask('/api/admin/workspaces', { name, plan, overrides });

async function run(key: string, times: number): Promise<void> {
  for (let call = 0; call < times; call++) {
    await fetch(`${server.origin}/api/ai/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ operation: 'draft', complexity: 'complex', prompt: 'rye '.repeat(800) }),
    });
  }
}

const usageStatus = async (key: string): Promise<number> =>
  (await fetch(`${server.origin}/api/usage`, { headers: { authorization: `Bearer ${key}` } })).status;

describe('walked through on a phone, each screen looked at in both sizes and schemes', () => {
  it(
    'a customer who nears the ceiling sees what is throttled and why, buys a pack, and finds it on the statement (F5, C6)',
    async () => {
      const tight = { ceiling: { amount: '0.5205', currency: 'EUR' } };
      const { key } = await newWorkspace('Tight Ltd', 'PRO', tight);
      await run(key, 12);
      const { page, complaints, close } = await visit(browser, server.origin, ON_PHONE, { key });

      await tab(page, 'Usage');
      await page.getByTestId('throttled').getByText('because 95 % of what the plan includes is used').first().waitFor();
      await page.getByRole('button', { name: 'Show every rule and its reason' }).click();
      await page.getByText('Throttled', { exact: true }).first().waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);

      await tab(page, 'Alerts');
      await page.getByTestId('alerts').getByRole('heading', { name: '95 % of the cost ceiling used' }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);

      await tab(page, 'Plan');
      await page.getByText('Nothing bought yet').waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.getByRole('button', { name: /^Buy.*500 credits/ }).click();
      await page.waitForURL(/\/standin\/pay\//);
      const session = stripe.pay(page.url().split('/').at(-1) ?? '');
      await stripe.deliver(stripe.event('checkout.session.completed', session), `${server.origin}/api/webhooks/stripe`);
      await page.goto(String(session['success_url']));
      await page.getByText('Thank you.', { exact: false }).waitFor();
      await page.getByText('500 credits').last().waitFor();
      await tab(page, 'Statement');
      await page.getByRole('table', { name: 'Movements' }).getByText('A pack', { exact: true }).waitFor();
      await page.getByRole('table', { name: 'Movements' }).getByText('A call', { exact: true }).first().waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'an operator gives credits, agrees terms, is refused those that lose money, and sets a license, which the customer is told (C5, C12)',
    async () => {
      const { id, key } = await newWorkspace('Rye & Sons', 'PRO');
      const { page, close } = await visit(browser, server.origin, ON_PHONE, {
        key: server.admin_token,
        path: `/admin/workspaces/${id}`,
      });
      await page.getByRole('heading', { name: 'Rye & Sons' }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);

      await page.getByRole('link', { name: 'Settings', exact: true }).click();
      await page.getByRole('textbox', { name: 'Credits', exact: true }).fill('250');
      await page.getByLabel('Reason', { exact: true }).fill('an apology');
      await page.getByRole('button', { name: 'Give credits', exact: true }).click();
      await page.getByText('250 credits given.').waitFor();

      await page.getByRole('textbox', { name: 'Cost ceiling' }).fill('900');
      await page.getByRole('button', { name: 'Save terms' }).click();
      await page.getByText('would not keep its margin', { exact: false }).waitFor();
      await page.getByRole('textbox', { name: 'Cost ceiling' }).fill('');
      await page.getByLabel('Requests a minute').fill('300');
      await page.getByRole('button', { name: 'Save terms' }).click();
      await page.getByText('Agreed terms').nth(1).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      for (const part of ['Usage', 'Calls', 'Ledger', 'Audit log']) {
        await page.getByLabel('Parts of the workspace').getByRole('link', { name: part }).click();
        await page.waitForURL(new RegExp(`/${part.split(' ')[0]?.toLowerCase()}$`));
        if (part === 'Usage') await page.getByText('Agreed', { exact: true }).waitFor();
        expect(await faultsInBothSizes(page), part).toEqual([]);
      }
      await page.getByText('overrides: none → rate rpm 300', { exact: false }).waitFor();
      await page.getByLabel('Parts of the workspace').getByRole('link', { name: 'Overview' }).click();

      await page.getByLabel('Set manually').selectOption('grace');
      await page.getByRole('button', { name: 'Set', exact: true }).click();
      const setting = page.getByRole('dialog', { name: /Set the subscription of Rye & Sons/ });
      await setting.getByText('Its AI features stop at once', { exact: false }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await setting.getByRole('button', { name: 'Set it now' }).click();
      await page.getByText('An administrator set it.', { exact: false }).first().waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);

      for (const [name, heading] of [
        ['Alerts', 'Undelivered messages'],
        ['Fraud', 'To check'],
        ['Throttling', 'Emergency freeze'],
      ] as const) {
        await tab(page, name);
        await page.getByRole('heading', { name: heading }).waitFor();
        expect(await faultsInBothSizes(page), name).toEqual([]);
      }
      await page.getByRole('button', { name: 'Sign out' }).click();
      await signIn(page, key);
      await page.getByTestId('license').getByRole('button', { name: 'Pay the open invoice' }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );

  it(
    'an operator begins a roll-out, is refused one that loses money, compares both sides, and rolls back (C13)',
    async () => {
      const { page, close } = await visit(browser, server.origin, ON_PHONE, { key: server.admin_token });
      await tab(page, 'Roll-outs');
      const catalog = page.getByLabel('New catalog');
      await page.getByRole('button', { name: 'Take the current catalog' }).click();
      await expect.poll(() => catalog.inputValue()).toContain('name: default');
      const shipped = await catalog.inputValue();
      await catalog.fill(shipped.replace('price: 15.99 EUR', 'price: 15.99 EUR\n    ceiling: 15 EUR'));
      await page.getByRole('button', { name: 'Start the roll-out' }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Move \d+ % now$/ })
        .click();
      await page.getByText('does not keep its margin', { exact: false }).waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await catalog.fill(shipped.replace('concurrency: 16', 'concurrency: 15'));
      await page.getByLabel('25 %').last().check({ force: true });
      await page.getByRole('button', { name: 'Start the roll-out' }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Move \d+ % now$/ })
        .click();
      await page.getByText('25 % of customers', { exact: true }).waitFor();
      await page.getByTestId('comparison').getByText('Workspaces').waitFor();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByLabel('50 %').first().check({ force: true });
      await page.getByRole('button', { name: 'Set the share' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Move them now' }).click();
      await page.getByText('50 % of customers', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Complete' }).click();
      await page.getByRole('button', { name: 'Move all now' }).click();
      await page.getByText('completed', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Roll back', exact: true }).click();
      expect(await faultsInBothSizes(page)).toEqual([]);
      await page.getByRole('button', { name: 'Roll back now' }).click();
      await page.getByRole('heading', { name: 'Rolled back' }).waitFor();

      await tab(page, 'API keys');
      await page.getByLabel('Name of the new key').fill(`our backend ${ON_PHONE.name}`);
      await page.getByRole('button', { name: 'Create API key' }).click();
      expect(await page.getByTestId('key').innerText()).toMatch(/^purser_pf_\S{20,}$/);
      expect(await faultsInBothSizes(page)).toEqual([]);
      await close();
    },
    JOURNEY_TIMEOUT_MS,
  );
});

it(
  'an owner who was invited signs in by the link in the letter, takes the invitation up, invites a member, allocates credits, makes a key and revokes it (C12, S7)',
  async () => {
    const { id } = await newWorkspace('Ann’s bakery', 'PRO');
    const { page, complaints, close } = await visit(browser, server.origin, ON_DESKTOP, {
      key: server.admin_token,
      path: `/admin/workspaces/${id}/settings`,
    });
    await page.getByLabel('Invite by email').fill('ann@bakery.example');
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByText('ann@bakery.example is invited', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.getByText('Sign in by email').click();
    await page.getByLabel('Your email address').fill('ann@bakery.example');
    await page.getByRole('button', { name: 'Email me a link' }).click();
    await page.getByText('Check your email.').waitFor();
    const link = /http\S+magic-link\/verify\S+/;
    await expect.poll(() => link.exec(server.printed())?.[0]).toBeDefined();
    await page.goto(link.exec(server.printed())?.[0] ?? '');
    await page.getByRole('heading', { name: 'Sign in to Purser as ann@bakery.example' }).waitFor();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();

    await tab(page, 'Members');
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByRole('heading', { name: 'Ann’s bakery' }).waitFor();
    await page.getByLabel('Invite by email').fill('bo@bakery.example');
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByTestId('people').getByText('bo@bakery.example', { exact: true }).waitFor();
    await page.getByLabel('Allocate to a').selectOption('team');
    await page.getByLabel('Team name').fill('ovens');
    await page.getByLabel('Credits in a period').fill('400');
    await page.getByRole('button', { name: 'Allocate', exact: true }).click();
    await page.getByTestId('allocations').getByText('Team ovens', { exact: true }).waitFor();
    expect(await faultsInBothSizes(page)).toEqual([]);

    await tab(page, 'API keys');
    await page.getByLabel('Name of the new key').fill('the shop’s website');
    await page.getByRole('button', { name: 'Create API key' }).click();
    const made = await page.getByTestId('key').innerText();
    expect(made).toMatch(/^purser_ws_\S{20,}$/);
    expect(await usageStatus(made)).toBe(200);
    expect(await faultsInBothSizes(page)).toEqual([]);
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await page.getByText(made).count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke the shop’s website' }).click();
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await page.getByText('One revoked key').click();
    await expect.poll(() => usageStatus(made), { timeout: 2_000 }).toBe(401);
    expect(await faultsInBothSizes(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  },
  JOURNEY_TIMEOUT_MS,
);
