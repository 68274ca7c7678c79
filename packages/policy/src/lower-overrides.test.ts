import { type Catalog, loadCatalog } from '@purser/catalog';
import { type Overrides, overridesSchema } from '@purser/identity';
import { formatMoney, money, parseRatio } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { lowerOverrides } from './lower-overrides.ts';
import { provenOverrides } from './proven-overrides.ts';

let catalog: Catalog;
/** A plan whose price its fees eat. */
let eaten: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  eaten = {
    ...catalog,
    plans: catalog.plans.map((plan) =>
      plan.code === 'PRO'
        ? { ...plan, payment_fees: { percent: parseRatio('0.5'), fixed: money(20_000_000_000n, plan.price.currency) } }
        : plan,
    ),
  };
});

describe('a ceiling that was agreed', () => {
  test('below nothing is refused; nothing is an agreement, and admits nothing', () => {
    expect(overridesSchema.safeParse({ ceiling: { amount: '-1', currency: 'EUR' } }).success).toBe(false);
    const overrides = overridesSchema.parse({ ceiling: { amount: '0', currency: 'EUR' } });
    expect(lowerOverrides({ plan: 'PRO', overrides }, catalog)).toEqual({ overrides, lowered: [] });
  });

  test('beside a plan whose fees eat its price becomes nothing, never less, and what is written down can be read again', () => {
    const overrides = { ceiling: { amount: '5', currency: 'EUR' } };
    const kept = lowerOverrides({ plan: 'PRO', overrides }, eaten);
    expect(kept.lowered).toEqual(['the ceiling of 5 EUR became 0 EUR']);
    expect(overridesSchema.safeParse(kept.overrides).success).toBe(true);
    const [plan] = eaten.plans.filter(({ code }) => code === 'PRO');
    const { ceiling, lowered } = provenOverrides(plan!, eaten, overrides);
    expect([ceiling && formatMoney(ceiling), lowered]).toEqual(['0 EUR', [{ name: 'ceiling', agreed: '5 EUR', holds: '0 EUR' }]]);
  });

  test('in another currency is kept at the plain rate, rounded down, and ends where nobody states a rate', () => {
    expect(lowerOverrides({ plan: 'PRO', overrides: { ceiling: { amount: '5', currency: 'USD' } } }, catalog).overrides).toEqual({
      ceiling: { amount: '4.7', currency: 'EUR' },
    });
    const { overrides, lowered } = lowerOverrides(
      { plan: 'PRO', overrides: { ceiling: { amount: '5', currency: 'CHF' } } },
      catalog,
    );
    expect([overrides, lowered]).toEqual([{}, ["the ceiling of 5 CHF is the plan's"]]);
  });

  test('is kept to the nano-unit that its plan pays for, in another currency rounded down', () => {
    const kept = (amount: string, unit = 'EUR') =>
      lowerOverrides({ plan: 'PRO', overrides: { ceiling: { amount, currency: unit } } }, catalog);
    expect(kept('13.5915')).toEqual({ overrides: { ceiling: { amount: '13.5915', currency: 'EUR' } }, lowered: [] });
    expect(kept('13.591500001').overrides).toEqual({ ceiling: { amount: '13.5915', currency: 'EUR' } });
    // $0.000000005 × 0.94 = €0.0000000047
    expect(kept('0.000000005', 'USD').overrides).toEqual({ ceiling: { amount: '0.000000004', currency: 'EUR' } });
    expect(kept('13.59150', 'EUR').lowered).toEqual([]);
  });
});

describe('what else was agreed goes on to the new plan', () => {
  const lower = (overrides: Overrides, plan = 'PRO') => lowerOverrides({ plan, overrides }, catalog);
  const sold = (amount: string, unit: string): Overrides => ({
    pay_as_you_go: { credits_max: 10, price: { amount, currency: unit } },
  });

  test('but not a loss that was accepted beside another, which is said', () => {
    expect(lower({ accepted_loss: { reason: 'a pilot' }, credits_monthly: 7 })).toEqual({
      overrides: { credits_monthly: 7 },
      lowered: ['the accepted loss ended with its plan'],
    });
  });

  test('nor credits sold one by one at a price, or in a currency, that does not pay for them there', () => {
    const ended = { overrides: {}, lowered: ['pay-as-you-go credits are sold at the price of the plan'] };
    expect(lower(sold('0.01128', 'EUR'))).toEqual({ overrides: sold('0.01128', 'EUR'), lowered: [] });
    expect(lower(sold('0.011279999', 'EUR'))).toEqual(ended);
    expect(lower(sold('5', 'USD'))).toEqual(ended);
    expect(lower({ credits_monthly: 7 }).overrides).toEqual({ credits_monthly: 7 });
  });

  test('and nothing changes where nothing was agreed, or nobody knows the plan', () => {
    expect(lower({})).toEqual({ overrides: {}, lowered: [] });
    const overrides = { accepted_loss: { reason: 'a pilot' } };
    expect(lower(overrides, 'NONE')).toEqual({ overrides, lowered: [] });
  });
});
