import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Overrides } from '@purser/identity';
import { parseMoney, ratio } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { refuseLoss } from './prove-overrides.ts';

const NOW = Temporal.Instant.from('2026-11-10T00:00:00Z');

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

const sold = (amount: string, currency: string, more: Overrides = {}): Overrides => ({
  pay_as_you_go: { credits_max: 10, price: { amount, currency } },
  ...more,
});
const refusal = (plan: string, overrides: Overrides, under: Catalog = catalog) =>
  refuseLoss({ plan, overrides }, under, NOW)?.detail;

describe('F1, C12 credits sold one by one by agreement', () => {
  test('are refused one nano below what a credit costs with its margin, and stand at it', () => {
    // $0.01 ÷ 0.85 = $0.011764705…
    expect(refusal('BUSINESS', sold('0.011764706', 'USD'))).toBeUndefined();
    expect(refusal('BUSINESS', sold('0.011764705', 'USD'))).toMatch(
      /^overrides\.pay_as_you_go\.price: BUSINESS would not keep its margin: of 0\.011764705 USD margin and fees leave 0\.009999999 USD, and a credit stands for 0\.01 USD\. Raise it, or accepted_loss/,
    );
    expect(refusal('BUSINESS', sold('0', 'USD'))).toMatch(/leave 0 USD/);
  });

  test('F2: the exchange buffer is in what a credit costs', () => {
    // $0.01 × 0.94 × 1.02 = €0.009588; ÷ 0.85 = €0.01128
    expect(refusal('PRO', sold('0.01128', 'EUR'))).toBeUndefined();
    expect(refusal('PRO', sold('0.011279999', 'EUR'))).toMatch(/a credit stands for 0\.009588 EUR/);
  });

  test('the share that the payment service keeps is taken off before', () => {
    const plans = catalog.plans.map((plan) =>
      plan.code === 'BUSINESS' ? { ...plan, payment_fees: { percent: ratio(3n, 100n), fixed: parseMoney('0.3', 'USD') } } : plan,
    );
    // It takes 3 % of the price with 27 % of tax: $0.01 ÷ (0.85 − 0.0381) = $0.012316…
    const cheap = (amount: string) => refusal('BUSINESS', sold(amount, 'USD'), { ...catalog, plans });
    expect(cheap('0.01231')).toMatch(/^overrides\.pay_as_you_go\.price/);
    expect(cheap('0.01232')).not.toMatch(/^overrides\.pay_as_you_go/);
  });

  test('on a free plan too; a loss that was agreed to stands, and none sold is none lost', () => {
    expect(refusal('FREE', sold('0.01', 'EUR'))).toMatch(/FREE would not keep its margin/);
    expect(refusal('FREE', sold('0.02', 'EUR'))).toBeUndefined();
    expect(refusal('BUSINESS', sold('0.001', 'USD', { accepted_loss: { reason: 'a pilot' } }))).toBeUndefined();
    const none = { pay_as_you_go: { credits_max: 0, price: { amount: '0', currency: 'USD' } } };
    expect(refusal('BUSINESS', none)).toBeUndefined();
  });
});

test('F1: a ceiling that was agreed in another currency is proven at the plain rate, rounded down', () => {
  // $14.459042554 × 0.94 = €13.59150000076, and one nano-dollar more is the next nano-euro.
  expect(refusal('PRO', { ceiling: { amount: '14.459042554', currency: 'USD' } })).toBeUndefined();
  expect(refusal('PRO', { ceiling: { amount: '14.459042555', currency: 'USD' } })).toMatch(/PRO would not keep its margin/);
});

describe('F1 what a plan that costs nothing may cost us', () => {
  const dear: Overrides = { ceiling: { amount: '5', currency: 'EUR' }, providers: { text: ['openai'] } };

  test('more than its catalog allows wants a loss that is agreed to, and whatever costs nothing more does not', () => {
    expect(refusal('FREE', dear)).toMatch(/^overrides: FREE would not keep its margin: .*Lower them, or accepted_loss/);
    expect(refusal('FREE', { ...dear, accepted_loss: { reason: 'a friend of the house' } })).toBeUndefined();
    expect(refusal('FREE', { rate: { rps: 5, rpm: 60, burst: 10 } })).toBeUndefined();
    expect(refusal('FREE', { credits_monthly: 10 })).toBeUndefined();
  });
});
