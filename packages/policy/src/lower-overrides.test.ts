import { type Catalog, loadCatalog } from '@purser/catalog';
import { overridesSchema } from '@purser/identity';
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
});
