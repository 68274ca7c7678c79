import { newId } from '@purser/base';
import { type Catalogue, loadCatalogue } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { formatMoney, parseMoney } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { marginOfReplay, type RecordedCall, Replay } from './replay.ts';

const ANCHOR = Temporal.Instant.from('2026-11-01T00:00:00Z');
const AT = Temporal.Instant.from('2026-12-31T00:00:00Z');

let catalogue: Catalogue;
beforeAll(async () => {
  catalogue = await loadCatalogue(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

const workspace = (of: Partial<Workspace> = {}): Workspace => ({
  id: newId<'workspace'>(),
  name: 'Harbour',
  external_id: null,
  plan: 'PRO',
  catalogue_version: catalogue.version,
  timezone: 'UTC',
  anchored_at: ANCHOR,
  license: 'active',
  license_since: ANCHOR,
  overrides: {},
  created_at: ANCHOR,
  ...of,
});
/** 1,000,000 tokens in and 4,000 out of gpt-4o-mini: $0.1524, which is 16 credits. */
const call = (of: Partial<RecordedCall> = {}): RecordedCall => ({
  operation: 'chat',
  provider: 'openai',
  model: 'gpt-4o-mini',
  started_at: ANCHOR.add({ hours: 1 }),
  usage: { input_tokens: 1_000_000, output_tokens: 4_000 },
  ...of,
});
const changed = (change: (plan: Catalogue['plans'][number]) => Partial<Catalogue['plans'][number]>): Catalogue => ({
  ...catalogue,
  plans: catalogue.plans.map((plan) => (plan.code === 'PRO' ? { ...plan, ...change(plan) } : plan)),
});

function replayed(under: Catalogue, calls: readonly RecordedCall[], of: Partial<Workspace> = {}) {
  const replay = new Replay(under, AT);
  const owner = workspace(of);
  for (const one of calls) replay.add(owner, one);
  return replay.result()[0]!;
}

describe('C13 recorded usage through a proposed catalogue', () => {
  test('C8 under the same catalogue: the price of each period, the cost of each call, nothing refused', () => {
    const calls = [call(), call(), call({ started_at: ANCHOR.add({ hours: 24 * 40 }) })];
    const result = replayed(catalogue, calls);
    expect(result).toMatchObject({ plan: 'PRO', periods: 2, calls: 3, refused: {}, shortened: 0 });
    expect(formatMoney(result.revenue)).toBe('31.98 EUR');
    // $0.1524 each, at 0.94 and the buffer of 2 %, rounded up each.
    expect(formatMoney(result.cost)).toBe('0.43836336 EUR');
    expect(result.credits).toBe(48n);
    expect(marginOfReplay(result).ratio_ppm).toBe(986_292n);
  });

  test('fewer credits, a lower ceiling, a missing feature, a smaller request: each refuses with its own code', () => {
    const calls = Array.from({ length: 4 }, () => call());
    const refused = (under: Catalogue) => replayed(under, calls).refused;
    expect(refused(changed(() => ({ credits_monthly: 35n })))).toEqual({ credits_exhausted: 2 });
    expect(refused(changed(() => ({ ceiling: parseMoney('0.80', 'EUR') })))).toEqual({ cost_ceiling_reached: 2 });
    expect(refused(changed(() => ({ features: ['campaigns'] })))).toEqual({ plan_feature_missing: 4 });
    expect(refused(changed(({ request }) => ({ request: { ...request, credits_max: 3n } })))).toEqual({ request_too_large: 4 });
    expect(refused(changed(({ quotas }) => ({ quotas: { ...quotas, jobs_month: 1n } })))).toEqual({ quota_exceeded: 3 });
    expect(refused({ ...catalogue, plans: [] })).toEqual({ plan_feature_missing: 4 });
    expect(refused({ ...catalogue, globalBudget: { amount: parseMoney('0.2', 'USD'), window: 'month' } })).toEqual({
      budget_exhausted: 3,
    });
  });

  test('a dearer plan earns more, a shorter answer costs less, and what was agreed with a customer still holds', () => {
    const dearer = replayed(
      changed(() => ({ price: parseMoney('19.99', 'EUR') })),
      [call()],
    );
    expect(formatMoney(dearer.revenue)).toBe('19.99 EUR');
    const shorter = replayed(
      changed(({ request }) => ({ request: { ...request, output_tokens_max: 400 } })),
      [call()],
    );
    expect(shorter.shortened).toBe(1);
    expect(shorter.cost.nanos).toBeLessThan(dearer.cost.nanos);
    const agreed = replayed(
      changed(() => ({ credits_monthly: 0n })),
      [call()],
      { overrides: { credits_monthly: 100 } },
    );
    expect(agreed.refused).toEqual({});
    const unpaid = replayed(catalogue, [call()], { license: 'cancelled' });
    expect(unpaid.refused).toEqual({});
  });
});
