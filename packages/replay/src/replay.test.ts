import { newId } from '@purser/database';
import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { formatMoney, parseMoney, ratio } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import type { RecordedCall } from './recorded.ts';
import { Replay } from './replay.ts';
import { marginOfReplay } from './replayed-plan.ts';

const ANCHOR = Temporal.Instant.from('2026-11-01T00:00:00Z');
const HOUR_MS = 3_600_000;

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

const workspace = (of: Partial<Workspace> = {}): Workspace => ({
  id: newId<'workspace'>(),
  name: 'Harbour',
  external_id: null,
  plan: 'PRO',
  catalogue_version: catalog.version,
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
  actor: 'key:1',
  operation: 'chat',
  provider: 'openai',
  model: 'gpt-4o-mini',
  started_at: ANCHOR.add({ hours: 1 }),
  duration_ms: 900,
  outcome: 'ok',
  usage: { input_tokens: 1_000_000, output_tokens: 4_000 },
  cost: parseMoney('0.1524', 'USD'),
  ...of,
});
/** Calls an hour apart. */
const hourly = (count: number, of: Partial<RecordedCall> = {}) =>
  Array.from({ length: count }, (_, n) => call({ started_at: ANCHOR.add({ milliseconds: (n + 1) * HOUR_MS }), ...of }));
type Plan = Catalog['plans'][number];
const changed = (change: (plan: Plan) => Partial<Plan>, more: Partial<Catalog> = {}): Catalog => ({
  ...catalog,
  ...more,
  plans: catalog.plans.map((plan) => (plan.code === 'PRO' ? { ...plan, ...change(plan) } : plan)),
});

function replayed(under: Catalog, calls: readonly RecordedCall[], of: Partial<Workspace> = {}) {
  const replay = new Replay({
    catalog: under,
    catalogOf: () => under,
    soldTo: () => catalog,
    opens: ANCHOR,
    from: ANCHOR,
    configured: new Set(['openai']),
  });
  const owner = workspace(of);
  for (const one of calls) replay.add(owner, one.started_at, { kind: 'call', call: one });
  return replay.result()[0]!;
}

describe('C13 recorded usage through a proposed catalog', () => {
  test('C8 under the same catalog: the price of each period, the cost of each call, nothing refused', () => {
    const result = replayed(catalog, [call(), call(), call({ started_at: ANCHOR.add({ hours: 24 * 40 }) })]);
    expect(result).toMatchObject({ plan: 'PRO', periods: 2, calls: 3, refused: {}, shortened: 0, rerouted: 0 });
    expect(formatMoney(result.revenue)).toBe('31.98 EUR');
    // $0.1524 each, at 0.94 and the buffer of 2 %, rounded up each.
    expect(formatMoney(result.cost)).toBe('0.43836336 EUR');
    expect(result.credits).toBe(48n);
    expect(marginOfReplay(result).ratio_ppm).toBe(986_292n);
  });

  test('fewer credits, a lower ceiling, a missing feature, a smaller request: each refuses with its own code', () => {
    const calls = hourly(4);
    const refused = (under: Catalog) => replayed(under, calls).refused;
    expect(refused(changed(() => ({ credits_monthly: 35n })))).toEqual({ credits_exhausted: 2 });
    expect(refused(changed(() => ({ ceiling: parseMoney('0.80', 'EUR') })))).toEqual({ cost_ceiling_reached: 2 });
    expect(refused(changed(() => ({ features: ['campaigns'] })))).toEqual({ plan_feature_missing: 4 });
    expect(refused(changed(({ request }) => ({ request: { ...request, credits_max: 3n } })))).toEqual({ request_too_large: 4 });
    expect(refused(changed(({ quotas }) => ({ quotas: { ...quotas, jobs_month: 1n } })))).toEqual({ quota_exceeded: 3 });
    expect(refused(changed(({ quotas }) => ({ quotas: { ...quotas, tokens_user_day: 2_100_000n } })))).toEqual({
      quota_exceeded: 2,
    });
    expect(refused({ ...catalog, plans: [] })).toEqual({ plan_feature_missing: 4 });
    const globalBudget = { amount: parseMoney('0.2', 'USD'), window: 'month', covers: 'all' } as const;
    expect(refused({ ...catalog, globalBudget })).toEqual({ budget_exhausted: 3 });
    expect(refused({ ...catalog, globalBudget: { ...globalBudget, covers: 'unpaid' } })).toEqual({});
  });

  test('C12: what is not granted is sold up to the cap, and brings its price', () => {
    const pay_as_you_go = { credits_max: 20n, price: parseMoney('0.03', 'EUR') };
    const result = replayed(
      changed(() => ({ credits_monthly: 18n, pay_as_you_go })),
      hourly(4),
    );
    // 16 granted; 2 granted and 14 sold; then six are left of the cap.
    expect(result).toMatchObject({ calls: 2, credits: 18n, sold: 14n, refused: { credits_exhausted: 2 } });
    expect(formatMoney(result.revenue)).toBe('16.41 EUR');
  });

  test('S4: levels as the ceiling fills: shorter answers, a cheaper model, a pause; none is known before half a second', () => {
    const ladders = (effects: Catalog['ladders'][number]['levels'][number]['effects']) => [
      { name: 'ceiling', watches: 'ceiling', climb_back: ratio(5n, 100n), levels: [{ at: ratio(1n, 100n), effects }] } as const,
    ];
    const under = (effects: Parameters<typeof ladders>[0]) => changed(() => ({}), { ladders: ladders(effects) });
    const calls = hourly(3, { model: 'gpt-4o', usage: { input_tokens: 100_000, output_tokens: 4_000 } });
    // The first reaches a hundredth of the ceiling.
    expect(replayed(under({ output_tokens_max: 100 }), calls)).toMatchObject({ calls: 3, shortened: 2 });
    expect(replayed(under({ pause: ['ai'] }), calls).refused).toEqual({ cost_ceiling_reached: 2 });
    const cheaper = replayed(under({ model_class_max: 'small' }), calls);
    expect(cheaper).toMatchObject({ calls: 3, rerouted: 2 });
    expect(cheaper.cost.nanos).toBeLessThan(replayed(catalog, calls).cost.nanos);
    const [first, ...rest] = calls;
    const soon = rest.map((one) => ({ ...one, started_at: first!.started_at.add({ milliseconds: 1_300 }) }));
    expect(replayed(under({ output_tokens_max: 100 }), [first!, ...soon])).toMatchObject({ shortened: 0 });
  });

  test('F5: a raise counts whole, and what is left of it goes on to the next period', () => {
    const under = changed(() => ({ ceiling: parseMoney('0.80', 'EUR') }));
    const replay = new Replay({
      catalog: under,
      catalogOf: () => under,
      soldTo: () => under,
      opens: ANCHOR,
      from: ANCHOR,
      configured: new Set(),
    });
    const owner = workspace();
    replay.add(owner, ANCHOR, { kind: 'raise', amount: parseMoney('0.30', 'EUR') });
    // €0.30 of the plan (0.80 less the reserve) and 0.30 more: four calls of €0.14612112; next month 0.30 and what is left.
    for (const one of hourly(5)) replay.add(owner, one.started_at, { kind: 'call', call: one });
    for (const one of hourly(3)) {
      const later = { ...one, started_at: one.started_at.add({ hours: 24 * 32 }) };
      replay.add(owner, later.started_at, { kind: 'call', call: later });
    }
    expect(replay.result()[0]).toMatchObject({ calls: 6, refused: { cost_ceiling_reached: 2 } });
  });

  test('a dearer plan earns more, a shorter answer costs less, and what was agreed with a customer holds', () => {
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
    const nothing = changed(() => ({ credits_monthly: 0n }));
    expect(replayed(nothing, [call()], { overrides: { credits_monthly: 100 } }).refused).toEqual({});
    const over = { credits_monthly: 100, valid_until: '2026-11-01T00:30:00Z' };
    expect(replayed(nothing, [call()], { overrides: over }).refused).toEqual({ credits_exhausted: 1 });
    expect(replayed(catalog, [call()], { license: 'cancelled' }).refused).toEqual({});
  });

  test('C3: what no provider served is charged to nobody, and what none reported the least', () => {
    const failed = replayed(catalog, [call({ outcome: 'refused' })]);
    expect([failed.credits, failed.cost.nanos > 0n]).toEqual([0n, true]);
    const bounded = { ...call().usage, estimated: true };
    expect(replayed(catalog, [call({ outcome: 'stopped', usage: bounded })]).credits).toBe(1n);
  });
});
