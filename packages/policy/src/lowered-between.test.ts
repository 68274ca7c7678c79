import { type Catalog, loadCatalog, proposeCatalog } from '@purser/catalog';
import { parseMoney } from '@purser/money';
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

test('credits paid as one goes, of which there may be fewer, and quotas that were another number', () => {
  const business = sold.plans.find(({ code }) => code === 'BUSINESS')!;
  const with_ = (credits_max: bigint | undefined, tokens_day?: bigint): Catalog => {
    const { pay_as_you_go: _, ...plan } = business;
    const pay_as_you_go = credits_max === undefined ? undefined : { credits_max, price: parseMoney('1', 'USD') };
    const quotas = tokens_day === undefined ? {} : { tokens_day };
    return { ...sold, plans: [{ ...plan, quotas, ...(pay_as_you_go && { pay_as_you_go }) }] };
  };
  const between = (from: Catalog, to: Catalog) => loweredBetween({ plan: 'BUSINESS', overrides: {} }, from, to, NOW);
  expect(between(with_(5n), with_(4n))).toEqual([{ name: 'pay_as_you_go', from: '5', to: '4' }]);
  expect(between(with_(1n), with_(undefined))).toEqual([{ name: 'pay_as_you_go', from: '1', to: '0' }]);
  expect([between(with_(undefined), with_(1n)), between(with_(5n), with_(5n)), between(with_(0n), with_(undefined))]).toEqual([
    [],
    [],
    [],
  ]);
  expect(between(with_(undefined, 5n), with_(undefined, 4n))).toEqual([{ name: 'quotas.tokens_day', from: '5', to: '4' }]);
  expect([between(with_(undefined, 5n), with_(undefined, 5n)), between(with_(undefined, 5n), with_(undefined))]).toEqual([
    [],
    [],
  ]);
  expect(between(with_(undefined), with_(undefined, 5n))).toEqual([{ name: 'quotas.tokens_day', from: null, to: '5' }]);
});
