import { type Catalog, loadCatalog, proposeCatalog } from '@purser/catalog';
import { beforeAll, expect, test } from 'vitest';

import { loweredBetween } from './lowered-between.ts';

const NOW = Temporal.Instant.from('2026-11-10T00:00:00Z');

let sold: Catalog;
let smaller: Catalog;
beforeAll(async () => {
  sold = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const text = sold.text
    .replace('price: 15.99 EUR', 'price: 11.99 EUR')
    .replace('credits_monthly: 1500', 'credits_monthly: 1400')
    .replace('concurrency: 16', 'concurrency: 18');
  smaller = proposeCatalog(text, sold);
});

test('what a plan grants less of is named with what was and what is; what it grants more of is not', () => {
  const lowered = loweredBetween({ plan: 'PRO', overrides: {} }, sold, smaller, NOW);
  expect(lowered).toEqual([
    { name: 'ceiling', from: '13.5915 EUR', to: '10.1915 EUR' },
    { name: 'credits_monthly', from: '1500', to: '1400' },
  ]);
  expect(loweredBetween({ plan: 'PRO', overrides: {} }, smaller, sold, NOW)).toEqual([
    { name: 'concurrency', from: '18', to: '16' },
  ]);
});

test('an agreement that the new plan pays for stays; one that it does not is lowered to what it pays for', () => {
  const agreed = { credits_monthly: 3_000, ceiling: { amount: '10', currency: 'EUR' } };
  expect(loweredBetween({ plan: 'PRO', overrides: agreed }, sold, smaller, NOW)).toEqual([]);
  const more = { credits_monthly: 3_000, ceiling: { amount: '13', currency: 'EUR' } };
  expect(loweredBetween({ plan: 'PRO', overrides: more }, sold, smaller, NOW)).toEqual([
    { name: 'ceiling', from: '13 EUR', to: '10.1915 EUR' },
  ]);
});

test('a quota that came where there was none, a feature that went, and a plan that only one of them sells', () => {
  const [pro] = sold.plans.filter(({ code }) => code === 'PRO');
  const { tokens_month: _, ...quotas } = pro!.quotas;
  const open = { ...sold, plans: [{ ...pro!, quotas, features: [...pro!.features, 'video'] }] };
  expect(loweredBetween({ plan: 'PRO', overrides: {} }, open, sold, NOW)).toEqual([
    ...(pro!.quotas.tokens_month === undefined
      ? []
      : [{ name: 'quotas.tokens_month', from: null, to: `${pro!.quotas.tokens_month}` }]),
    { name: 'features.video', from: 'video', to: null },
  ]);
  expect(loweredBetween({ plan: 'BUSINESS', overrides: {} }, sold, open, NOW)).toEqual([]);
});
