import { source as axe_source } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';

/** WCAG 2.2 AA with all it builds on, and what axe itself holds to be good practice. */
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The browser of all journeys (`shared.ts`); what this file opens in it is closed with the connection. */
export function connectBrowser(): Promise<Browser> {
  return chromium.connect(inject('browser'));
}

/** How the page is looked at. */
export interface Look {
  readonly name: string;
  readonly options: BrowserContextOptions;
}

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const DESKTOP = { viewport: { width: 1280, height: 860 } };

/** Each looks at both colour schemes: see `faultsOf`. */
export const LOOKS: readonly Look[] = [
  { name: 'on a phone', options: { ...PHONE, colorScheme: 'light' } },
  { name: 'on a desktop', options: { ...DESKTOP, colorScheme: 'dark' } },
];

export const ON_DESKTOP: Look = { name: 'on a desktop', options: { ...DESKTOP, colorScheme: 'light' } };

/** One visitor with cookies of their own. */
export interface Visit {
  readonly page: Page;
  /** What the page logged as errors so far. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

export async function visit(browser: Browser, origin: string, look: Look): Promise<Visit> {
  const context = await browser.newContext({ ...look.options, baseURL: origin, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto('/');
  return { page, complaints, close: () => context.close() };
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Workspace key or admin token').fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Goes to a page by its tab; on a phone some tabs lie behind one more. */
export async function tab(page: Page, name: string): Promise<void> {
  // A badge says beside the name how many are new.
  const link = page.getByRole('link', { name: new RegExp(`^(?:\\d+ new ?)?${name}(?: \\d+ new)?$`) }).filter({ visible: true });
  if ((await link.count()) === 0) await page.getByRole('button', { name: 'More', exact: true }).click();
  await link.first().click();
}

/** What axe finds wrong, one line each, in light and in dark; and what sticks out of the screen sideways. */
export async function faultsOf(page: Page): Promise<string[]> {
  await painted(page);
  const faults = await axeFaults(page, { type: 'tag', values: AXE_TAGS });
  const dark = await page.evaluate<boolean>("matchMedia('(prefers-color-scheme: dark)').matches");
  // Only colours differ in the other scheme.
  await page.emulateMedia({ colorScheme: dark ? 'light' : 'dark' });
  await painted(page);
  faults.push(...(await axeFaults(page, { type: 'rule', values: ['color-contrast'] })));
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  return overflow > 0 ? [...faults, `the page is ${overflow} px wider than the screen`] : faults;
}

/**
 * What is looked at has to be painted first, which takes a moment on a slow machine; and a button that has just been enabled, or any word
 * after the scheme has changed, is between two colors until its transition is over.
 */
async function painted(page: Page): Promise<void> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.evaluate(
    'Promise.allSettled(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished))',
  );
}

interface RunOnly {
  readonly type: 'tag' | 'rule';
  readonly values: readonly string[];
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Put into the page once, and asked for what is wrong alone: to write down all that is right takes longer than to look. */
async function axeFaults(page: Page, runOnly: RunOnly): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe_source);
  expect(await page.locator('iframe').count(), 'axe is not asked about frames').toBe(0);
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'], iframes: false });
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, ${options}).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`),
  );
}
