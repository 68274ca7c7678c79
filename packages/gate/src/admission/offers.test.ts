import { type Catalog, findPlan, loadCatalog, type Plan } from '@purser/catalog';
import { money } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { buyOffers, upgradeOffers } from './offers.ts';

let catalog: Catalog;

beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../../catalogs/default.yaml', import.meta.url).pathname);
});

function plan(code: string): Plan {
  const found = findPlan(catalog, code);
  if (!found) throw new Error(`the catalog has no plan ${code}`);
  return found;
}

const idsAbove = (code: string, feature?: string) => upgradeOffers(catalog, { plan: plan(code) }, feature).map(({ id }) => id);

describe('what is offered', () => {
  test('only plans that cost more, whatever their currency', () => {
    expect(idsAbove('FREE')).toEqual(['STARTER', 'PRO', 'BUSINESS', 'ENTERPRISE']);
    expect(idsAbove('PRO')).toEqual(['BUSINESS', 'ENTERPRISE']);
    expect(idsAbove('BUSINESS')).toEqual(['ENTERPRISE']);
    expect(idsAbove('ENTERPRISE')).toEqual([]);
  });

  test('prices are compared in one currency: 16 USD are less than 15.99 EUR, 18 USD more', () => {
    const { price } = plan('PRO');
    for (const [dollars, offered] of [
      [16n, false],
      [18n, true],
    ] as const) {
      const other: Plan = {
        ...plan('PRO'),
        code: 'OTHER',
        price: money(dollars * 1_000_000_000n, plan('BUSINESS').price.currency),
      };
      const offers = upgradeOffers({ ...catalog, plans: [other] }, { plan: { ...plan('PRO'), price } });
      expect(offers.map(({ id }) => id)).toEqual(offered ? ['OTHER'] : []);
    }
  });

  test('only plans that include the feature the call needs', () => {
    expect(idsAbove('FREE', 'ai')).toEqual(['PRO', 'BUSINESS', 'ENTERPRISE']);
    expect(idsAbove('PRO', 'dedicated_models')).toEqual(['ENTERPRISE']);
    const offers = buyOffers(catalog, { plan: plan('FREE') }, 'ai');
    expect(offers.filter(({ kind }) => kind === 'upgrade').map(({ id }) => id)).toEqual(['PRO', 'BUSINESS', 'ENTERPRISE']);
  });

  test('a pack says how many credits it has, once', () => {
    const text = (name: string) => {
      const [pack] = catalog.packs;
      if (!pack) throw new Error('the catalog has no pack');
      return buyOffers({ ...catalog, packs: [{ ...pack, name }] }, { plan: plan('PRO') })[0]?.text;
    };
    expect(text('500 credits')).toBe('500 credits');
    expect(text('Booster')).toBe('Booster: 500 credits');
  });
});
