import { afterEach, describe, expect, test } from 'vitest';

import { CatalogFault, type CatalogExtensions, loadCatalog, proposeCatalog, type QuotaDefinition } from './index.ts';
import { CATALOG, writeSmallCatalog } from './testing/small-catalog.ts';

const PAGES: QuotaDefinition = {
  key: 'pages_day',
  unit: 'page',
  window: 'day',
  scope: 'workspace',
  counts: ['scan'],
  label: 'Pages a day',
};
const SCAN: CatalogExtensions = { quotas: [PAGES], tasks: [{ name: 'scan', units: ['page'] }] };
const MODELS = `
providers: [cloud, local, mail]
models:
  - { id: cloud/one, provider: cloud, name: one, version: 1.0.0, task: text, class: small, price: cloud/one, context_tokens: 8000, output_tokens_max: 1000 }
  - { id: local/two, provider: local, name: two, version: 2.1.0, task: text, class: local, price: local/two, context_tokens: 8000, output_tokens_max: 1000, free: true }
  - { id: cloud/eye, provider: cloud, name: eye, version: 1.0.0, task: scan, class: small, price: cloud/eye, context_tokens: 100, output_tokens_max: 0 }
`;
const PRICES = `
prices:
  - { key: cloud/one, currency: USD, from: 2026-01-01, per_million: { input_token: 1.00, output_token: 4.00 } }
  - { key: local/two, currency: USD, from: 2026-01-01, each: { input_token: 0, output_token: 0 } }
  - { key: mail/email, currency: USD, from: 2026-01-01, per_thousand: { email: 0.10 } }
  - { key: cloud/eye, currency: USD, from: 2026-01-01, each: { page: 0.002 } }
`;
const WRITTEN = CATALOG.replace('emails_day: 20,', 'emails_day: 20, pages_day: 7,');

const written: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of written.splice(0)) await remove();
});
async function load(extensions: CatalogExtensions, prices = PRICES) {
  const { path, remove } = await writeSmallCatalog({ 'small.yaml': WRITTEN, 'models.yml': MODELS, 'provider_costs.yml': prices });
  written.push(remove);
  return loadCatalog(path, extensions);
}

describe('what a module adds to a catalog', () => {
  test('its quotas are plan terms, its tasks have models, its units have prices', async () => {
    const catalog = await load(SCAN);
    expect(catalog.plans[1]?.quotas['pages_day']).toBe(7n);
    expect(catalog.models.find(({ task }) => task === 'scan')?.id).toBe('cloud/eye');
    expect(catalog.prices.findByKey('cloud/eye', Temporal.Instant.from('2026-06-01T00:00Z'))?.units['page']).toBe(
      2n * 10n ** 21n,
    );
    expect(catalog.quotas.at(-1)).toEqual(PAGES);
    expect(proposeCatalog(WRITTEN, catalog).plans[1]?.quotas['pages_day']).toBe(7n);
  });

  test('is not known without it, and told with what is', async () => {
    const failure = await load({}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CatalogFault);
    const mistakes = (failure as CatalogFault).message;
    expect(mistakes).toMatch(/plans\[1\]\.quotas\.pages_day: got the unknown key 'pages_day', want one of tokens_month, /u);
    expect(mistakes).toMatch(
      /models\[2\]\.task: got 'scan', want one of text, embedding, image, speech, transcription, moderation, video, email/u,
    );
    expect(mistakes).toMatch(/prices\[3\]\.each/u);
  });

  test('a model of its task without a price for its unit does not load', async () => {
    await expect(load(SCAN, PRICES.replace('page: 0.002', 'request: 0.002'))).rejects.toThrow(
      /models\[2\]\.price: got 'cloud\/eye' without a price for page, want one that prices page/u,
    );
  });

  test.each<[string, CatalogExtensions, RegExp]>([
    ['a quota that there is', { quotas: [{ ...PAGES, key: 'tokens_day' }] }, /the quota tokens_day is defined twice/u],
    ['a counter that there is', { quotas: [{ ...PAGES, key: 'tokens' }] }, /the counter of a quota tokens is defined twice/u],
    ['a task that there is', { tasks: [{ name: 'text' }] }, /the task text is defined twice/u],
    ['a wider quota that there is not', { quotas: [{ ...PAGES, within: ['pages_year'] }] }, /pages_day: there is no pages_year/u],
    [
      'a window of a resource for a user',
      { quotas: [{ ...PAGES, window: 'resource', scope: 'user' }] },
      /a window of a resource/u,
    ],
  ])('%s stops the start', async (_what, extensions, message) => {
    await expect(load(extensions)).rejects.toThrow(message);
  });
});
