import { newId } from '@purser/database';
import { type Catalog, loadCatalog, proposeCatalog } from '@purser/catalog';
import type { Overrides, Workspace } from '@purser/identity';
import { formatMoney, money } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { effectivePolicy } from './effective-policy.ts';
import { explainPolicy } from './explain.ts';
import type { Policy } from './policy.ts';
import { refuseLoss } from './prove-overrides.ts';
import { isLossAccepted, provenOverrides, withAcceptedLoss } from './proven-overrides.ts';

const NOW = Temporal.Instant.from('2026-11-10T00:00:00Z');

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

function policyOn(plan: string, overrides: Overrides, under: Catalog = catalog): Policy {
  const workspace: Workspace = Object.freeze({
    id: newId<'workspace'>(),
    name: 'Harbour',
    external_id: null,
    plan,
    catalogue_version: under.version,
    timezone: 'UTC',
    anchored_at: NOW,
    license: 'active',
    license_since: NOW,
    overrides,
    created_at: NOW,
  });
  return effectivePolicy({ workspace, catalog: under, state: { frozen: false }, now: NOW });
}

const planOf = (code: string, under: Catalog = catalog) => under.plans.find((plan) => plan.code === code)!;
const EIGHTY_FIVE: Overrides = { ceiling: { amount: '85', currency: 'USD' } };

describe('what was agreed beside one plan and comes to stand beside another', () => {
  test('F1: a ceiling is lowered to what the smaller plan pays for, and the explanation says so', () => {
    expect(formatMoney(policyOn('BUSINESS', EIGHTY_FIVE).ceiling)).toBe('85 USD');
    const small = policyOn('PRO', EIGHTY_FIVE);
    expect(formatMoney(small.ceiling)).toBe('13.5915 EUR');
    expect(formatMoney(small.cost_cap)).toBe('13.0915 EUR');
    expect(small.exposure_meter.cap).toBe(13_591_500_000n);
    expect(small.lowered).toEqual([{ name: 'ceiling', agreed: '79.9 EUR', holds: '13.5915 EUR' }]);
    const why = explainPolicy(small).find(({ name }) => name === 'ceiling')?.why;
    expect(why).toMatch(/79\.9 EUR was agreed, but PRO pays for 13\.5915 EUR only$/);
  });

  test('F1: a free plan pays for no more than its marketing budget', () => {
    expect(formatMoney(policyOn('FREE', EIGHTY_FIVE).ceiling)).toBe('2 EUR');
  });

  test('F1: a catalog whose plan of that name costs half lowers it as well, and going back restores it', () => {
    const half = proposeCatalog(
      catalog.text.replace('price: 149 USD', 'price: 74 USD').replaceAll('monthlyUsd: 120', 'monthlyUsd: 60'),
      catalog,
    );
    expect(formatMoney(policyOn('BUSINESS', EIGHTY_FIVE, half).ceiling)).toBe('62.9 USD');
    expect(policyOn('BUSINESS', EIGHTY_FIVE, catalog).lowered).toEqual([]);
  });

  test('F1, C12: a price of credits that does not pay for them gives way to the plan’s own, or to none', () => {
    const cheap: Overrides = { pay_as_you_go: { credits_max: 10, price: { amount: '0.001', currency: 'USD' } } };
    expect(formatMoney(policyOn('BUSINESS', cheap).pay_as_you_go!.price)).toBe('0.02 USD');
    expect(policyOn('PRO', cheap).pay_as_you_go).toBeUndefined();
    expect(policyOn('PRO', cheap).lowered).toEqual([{ name: 'pay_as_you_go', agreed: '0.001 USD', holds: 'none' }]);
  });

  test('F1: what was collected bounds it rather than the price, and in another currency it counts rounded down', () => {
    const pro = planOf('PRO');
    const holds = (amount: string, currency: string, collected?: bigint) =>
      provenOverrides(
        pro,
        catalog,
        { ceiling: { amount, currency } },
        collected === undefined ? undefined : money(collected, pro.price.currency),
      ).ceiling?.nanos;
    expect([holds('5', 'EUR'), holds('5', 'EUR', 3n), holds('20', 'EUR', 15_000_000_000n), holds('5', 'EUR', -1n)]).toEqual([
      5_000_000_000n,
      3n,
      15_000_000_000n,
      0n,
    ]);
    expect(holds('0.000000005', 'USD')).toBe(4n);
    expect(provenOverrides(pro, catalog, { ceiling: { amount: '13.5915', currency: 'EUR' } }).lowered).toEqual([]);
    expect(provenOverrides(pro, catalog, {})).toEqual({ lowered: [] });
  });

  test('F1, C12: what is sold no more cannot be sold too cheap', () => {
    const none: Overrides = { pay_as_you_go: { credits_max: 0, price: { amount: '0', currency: 'EUR' } } };
    expect(provenOverrides(planOf('PRO'), catalog, none)).toMatchObject({ pay_as_you_go: { credits_max: 0n }, lowered: [] });
    const cheap: Overrides = { pay_as_you_go: { credits_max: 9, price: { amount: '0', currency: 'EUR' } } };
    expect(provenOverrides(planOf('PRO'), catalog, cheap)).toMatchObject({
      pay_as_you_go: { credits_max: 0n },
      lowered: [{ holds: 'none' }],
    });
  });

  test('F1: a loss is accepted beside its plan alone; without a plan named, beside any; and written down it names one', () => {
    const [pro, business] = [planOf('PRO'), planOf('BUSINESS')];
    const named: Overrides = { accepted_loss: { reason: 'a pilot', plan: 'PRO' } };
    expect([isLossAccepted(named, pro), isLossAccepted(named, business), isLossAccepted({}, pro)]).toEqual([true, false, false]);
    expect(isLossAccepted({ accepted_loss: { reason: 'a pilot' } }, business)).toBe(true);
    expect(withAcceptedLoss({ credits_monthly: 1 }, pro)).toEqual({ credits_monthly: 1 });
  });

  test('F1: a loss that was agreed to beside one plan holds for that plan, at no lower a price', () => {
    const agreed = withAcceptedLoss(
      { ceiling: { amount: '140', currency: 'USD' }, accepted_loss: { reason: 'a pilot' } },
      planOf('BUSINESS'),
    );
    expect(agreed.accepted_loss).toEqual({ reason: 'a pilot', plan: 'BUSINESS', price: { amount: '149', currency: 'USD' } });
    expect(formatMoney(policyOn('BUSINESS', agreed).ceiling)).toBe('140 USD');
    expect(formatMoney(policyOn('PRO', agreed).ceiling)).toBe('13.5915 EUR');
    expect(refuseLoss({ plan: 'PRO', overrides: agreed }, catalog, NOW)?.detail).toMatch(/PRO would not keep its margin/);
    const half = proposeCatalog(
      catalog.text.replace('price: 149 USD', 'price: 74 USD').replaceAll('monthlyUsd: 120', 'monthlyUsd: 60'),
      catalog,
    );
    expect(formatMoney(policyOn('BUSINESS', agreed, half).ceiling)).toBe('62.9 USD');
  });
});

test('F1, C5: a feature by agreement that a failed payment would not take away is refused', () => {
  // Drafting is of the feature suite, which a failed payment takes on day 14 only, and which no plan with anything to pay has.
  const text = catalog.text
    .replaceAll('studio, suite, publishing', 'studio, publishing')
    .replace('feature: ai\n    output_tokens_default: 1500', 'feature: suite\n    output_tokens_default: 1500')
    .replace('features: [ai, campaigns, images, speech, studio]', 'features: [ai, campaigns, images, speech, studio, suite]');
  const under = proposeCatalog(text, catalog);
  expect(refuseLoss({ plan: 'PRO', overrides: { features: ['ai', 'suite'] } }, under, NOW)?.detail).toMatch(
    /^overrides\.features: PRO: a customer that does not pay keeps draft: the first step of license\.degrade leaves suite/,
  );
  expect(refuseLoss({ plan: 'PRO', overrides: { features: ['ai'] } }, under, NOW)).toBeUndefined();
});
