import { PLATFORM, type WorkspaceId } from '@purser/core';
import { type Catalog, type Ladder, loadCatalog } from '@purser/catalog';
import type { Overrides, Workspace } from '@purser/identity';
import { meterId } from '@purser/meters';
import { formatMoney, ratio } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { effectivePolicy, metersFor, originOf, type Policy, type PolicyState } from './index.ts';

const STATE: PolicyState = { frozen: false };
const ANCHOR = '2026-01-31T09:00:00Z';
const at = (text: string) => Temporal.Instant.from(text);

let catalog: Catalog;

beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

function workspace(of: Partial<Workspace> = {}): Workspace {
  return Object.freeze({
    id: '01890000-0000-7000-8000-000000000001' as WorkspaceId,
    name: 'Harbour',
    external_id: null,
    plan: 'PRO',
    catalogue_version: catalog.version,
    timezone: 'UTC',
    anchored_at: at(ANCHOR),
    license: 'active',
    license_since: at(ANCHOR),
    overrides: {},
    created_at: at(ANCHOR),
    ...of,
  });
}

const policyOf = (of: Partial<Workspace>, now = '2026-02-10T12:00:00Z', state = STATE): Policy =>
  effectivePolicy({ workspace: workspace(of), catalog, state, now: at(now) });
const meter = (policy: Policy, key: string) => policy.meters.find((spec) => spec.key === key);

describe('the effective policy', () => {
  test('F1 PRO shows the ceiling of €13.5915 and admits it less the overrun reserve', () => {
    const policy = policyOf({});
    expect(formatMoney(policy.ceiling)).toBe('13.5915 EUR');
    expect(formatMoney(policy.cost_cap)).toBe('13.0915 EUR');
    expect(meter(policy, 'cost')).toMatchObject({ unit: 'EUR', class: 'cost', cap: 13_091_500_000n });
  });

  test('C2 a server whose clock is behind the one that made the workspace is in the same first period, not in one before it', () => {
    const made = policyOf({}, ANCHOR).billing_period;
    for (const behind of ['2026-01-31T08:59:59.999Z', '2026-01-30T09:00:00Z', '2025-06-01T00:00:00Z']) {
      expect(policyOf({}, behind).billing_period).toEqual(made);
    }
  });

  test('T1 without overrides every value is the plan’s, and says so', () => {
    fc.assert(
      fc.property(fc.constantFrom(...catalog.plans), (plan) => {
        const policy = policyOf({ plan: plan.code });
        expect(policy).toMatchObject({
          credits_monthly: plan.credits_monthly,
          quotas: plan.quotas,
          concurrency: plan.concurrency,
          rate: plan.rate,
          request: plan.request,
          providers: plan.model_policy.providers,
          priority: plan.priority,
          visibility: plan.visibility,
          features: new Set(plan.features),
        });
        expect([...policy.origins].filter(([name]) => name !== 'cost_cap')).toEqual([]);
      }),
    );
  });

  test('a ceiling that was agreed on a dearer plan is no more than this one’s price allows, unless somebody agreed to the loss', () => {
    const ceiling = { amount: '85', currency: 'EUR' };
    expect(formatMoney(policyOf({ overrides: { ceiling } }).ceiling)).toBe('13.5915 EUR');
    expect(formatMoney(policyOf({ overrides: { ceiling, accepted_loss: { reason: 'a pilot' } } }).ceiling)).toBe('85 EUR');
  });

  test('T2 T3 negotiated values replace the plan’s one by one, and say where they came from', () => {
    const policy = policyOf({
      overrides: {
        rate: { rpm: 7 },
        quotas: { tokens_month: 1000, jobs_month: null },
        ceiling: { amount: '20.5', currency: 'EUR' },
        accepted_loss: { reason: 'a pilot' },
        credits_monthly: 9,
      },
    });
    expect(policy.rate).toEqual({ rps: 10, rpm: 7, burst: 30 });
    expect(policy.quotas.tokens_month).toBe(1000n);
    expect(policy.quotas.emails_user_day).toBe(300n);
    expect(policy.credits_monthly).toBe(9n);
    expect(formatMoney(policy.cost_cap)).toBe('20 EUR');
    expect(meter(policy, 'jobs')).toBeUndefined();
    expect(originOf(policy, 'rate.rpm')).toBe('override');
    expect(originOf(policy, 'rate.rps')).toBe('plan');
    expect(originOf(policy, 'quotas.jobs_month')).toBe('override');
    expect(originOf(policy, 'cost_cap')).toBe('override');
  });

  test('T1 a hard cost cap holds below the ceiling', () => {
    const policy = policyOf({ plan: 'BUSINESS' });
    expect(formatMoney(policy.ceiling)).toBe('126.65 USD');
    expect(formatMoney(policy.cost_cap)).toBe('120 USD');
    expect(originOf(policy, 'cost_cap')).toBe('cost_cap');
  });

  test('overrides hold from their first instant until just before their last', () => {
    const overrides: Overrides = { concurrency: 2, valid_from: '2026-02-10T00:00:00Z', valid_until: '2026-02-12T00:00:00+01:00' };
    const of = workspace({ overrides });
    const concurrency = (now: string) => effectivePolicy({ workspace: of, catalog, state: STATE, now: at(now) }).concurrency;
    expect(concurrency('2026-02-09T23:59:59.999Z')).toBe(16);
    expect(concurrency('2026-02-10T00:00:00Z')).toBe(2);
    expect(concurrency('2026-02-11T22:59:59.999Z')).toBe(2);
    expect(concurrency('2026-02-11T23:00:00Z')).toBe(16);
  });

  test('C5 a failed payment takes AI at once, sync on day 15, reports on their own day, and a payment restores all', () => {
    const has = (now: string, license: Workspace['license'] = 'grace') => {
      const policy = policyOf({ license, license_since: at('2026-02-10T12:00:00Z') }, now);
      return [
        policy.license_stage,
        ...['ai', 'images', 'sync', 'reports', 'campaigns'].filter((feature) => policy.features.has(feature)),
      ];
    };
    expect(has('2026-02-10T12:00:00Z')).toEqual(['grace', 'sync', 'reports']);
    expect(has('2026-02-24T11:59:59Z')).toEqual(['grace', 'sync', 'reports']);
    expect(has('2026-02-24T12:00:00Z')).toEqual(['degraded', 'reports']);
    expect(has('2026-03-03T11:59:59Z')).toEqual(['degraded', 'reports']);
    expect(has('2026-03-03T12:00:00Z')).toEqual(['degraded']);
    expect(has('2026-02-25T12:00:00Z', 'active')).toEqual(['active', 'ai', 'images', 'sync', 'reports', 'campaigns']);
    expect(has('2026-02-25T12:00:00Z', 'cancelled')).toEqual(['cancelled']);
    expect(originOf(policyOf({ license: 'grace', license_since: at('2026-02-10T12:00:00Z') }), 'features.ai')).toBe('license');
  });

  test('T8 carries the freeze', () => {
    expect(policyOf({}, undefined, { frozen: true }).frozen).toBe(true);
  });
});

describe('the meters of every paid call', () => {
  test('are credits, ceiling, concurrency and everybody’s budget, each in its window; the quotas of its task come with them', () => {
    const policy = policyOf({ timezone: 'Europe/Berlin' });
    expect(
      metersFor('text', policy, {}, at('2026-02-10T12:00:00Z')).map((spec) => [
        spec.key,
        spec.unit,
        spec.class,
        spec.cap,
        spec.window_start.toString(),
        spec.window_end?.toString(),
      ]),
    ).toEqual([
      ['credits', 'credit', 'credit', null, '1970-01-01T00:00:00Z', undefined],
      ['cost', 'EUR', 'cost', 13_091_500_000n, '2026-01-31T09:00:00Z', '2026-02-28T09:00:00Z'],
      ['concurrency', 'call', 'gauge', 16n, '1970-01-01T00:00:00Z', undefined],
      ['cost', 'USD', 'cost', 2n ** 62n, '2026-01-31T09:00:00Z', '2026-02-28T09:00:00Z'],
      ['tokens', 'token', 'quota', 20_000_000n, '2026-01-31T09:00:00Z', '2026-02-28T09:00:00Z'],
      ['jobs', 'job', 'quota', 10_000n, '2026-01-31T09:00:00Z', '2026-02-28T09:00:00Z'],
    ]);
  });

  describe('S4 the global budget', () => {
    const covering = (covers: 'unpaid' | 'all'): Catalog => {
      const { globalBudget } = catalog;
      return { ...catalog, ...(globalBudget && { globalBudget: { ...globalBudget, covers } }) };
    };
    const studio: Ladder = {
      name: 'studio',
      watches: 'global_budget',
      climb_back: ratio(5n, 100n),
      levels: [{ at: ratio(7n, 10n), effects: { candidates_max: 1 } }],
    };
    const of = (plan: string, covers: 'unpaid' | 'all') =>
      effectivePolicy({
        workspace: workspace({ plan }),
        catalog: covering(covers),
        state: { frozen: false, levels: [{ ladder: studio, level: 1 }] },
        now: at('2026-02-10T12:00:00Z'),
      });

    test('bounds what no payment covers: a free plan takes from the platform’s meter, and its ladder tightens what it serves', () => {
      const free = of('FREE', 'unpaid');
      expect(meter(free, 'budget')).toMatchObject({
        workspace: PLATFORM,
        unit: 'USD',
        class: 'cost',
        cap: 1_000_000_000_000n,
        window_start: at('2026-02-01T00:00:00Z'),
        window_end: at('2026-03-01T00:00:00Z'),
      });
      expect(free.quotas.candidates_batch).toBe(1n);
    });

    test('neither holds paid work nor degrades it, unless it covers all', () => {
      for (const { code } of catalog.plans.filter(({ price }) => price.nanos > 0n)) {
        const paid = of(code, 'unpaid');
        expect([meter(paid, 'budget'), paid.levels, [...paid.degraded]]).toEqual([undefined, [], []]);
        expect(meter(of(code, 'all'), 'budget')?.workspace).toBe(PLATFORM);
        expect(of(code, 'all').levels).toEqual([{ ladder: studio, level: 1 }]);
      }
    });
  });

  test('a plan in another currency finds on its meter what was spent under the plan before', () => {
    const ids = (plan: string) =>
      policyOf({ plan })
        .meters.filter((spec) => spec.key === 'cost')
        .map(meterId);
    expect(ids('BUSINESS').toSorted()).toEqual(ids('PRO').toSorted());
    expect(ids('BUSINESS')[0]).not.toBe(ids('PRO')[0]);
  });

  test('another time zone leaves the billing period, and so its meters, where they are', () => {
    const of = (timezone: string) => policyOf({ timezone }, '2026-04-10T12:00:00Z').meters.map(meterId);
    expect(of('America/New_York')).toEqual(of('UTC'));
    expect(of('Pacific/Kiritimati')).toEqual(of('UTC'));
  });

  test('what is not limited has no meter', () => {
    const { globalBudget: _, ...unbudgeted } = catalog;
    const policy = effectivePolicy({
      workspace: workspace({ overrides: { quotas: { tokens_month: null, jobs_month: null } } }),
      catalog: unbudgeted,
      state: STATE,
      now: at('2026-02-10T12:00:00Z'),
    });
    const keys = metersFor('text', policy, {}, at('2026-02-10T12:00:00Z')).map((spec) => spec.key);
    expect(keys).toEqual(['credits', 'cost', 'concurrency', 'cost']);
  });
});

describe('the cache', () => {
  test('the same objects within a window, another policy for another workspace, catalog, state or window', () => {
    const of = workspace();
    const ask = (now: string, more: { workspace?: Workspace; catalog?: Catalog; state?: PolicyState } = {}) =>
      effectivePolicy({ workspace: of, catalog, state: STATE, now: at(now), ...more });
    const first = ask('2026-02-10T12:00:00Z');
    expect(ask('2026-02-27T12:00:00Z')).toBe(first);
    expect(ask('2026-02-27T12:00:00Z', { workspace: workspace() })).not.toBe(first);
    expect(ask('2026-02-27T12:00:00Z', { state: { frozen: false } })).not.toBe(first);
    expect(ask('2026-02-27T12:00:00Z', { catalog: { ...catalog } })).not.toBe(first);
    expect(ask('2026-02-28T09:00:00Z')).not.toBe(first);
  });

  test('never serves a policy outside of its time: whatever was asked before, the answer is that of a workspace never asked about', () => {
    const instants = fc.integer({
      min: at('2025-11-01T00:00:00Z').epochMilliseconds,
      max: at('2026-08-01T00:00:00Z').epochMilliseconds,
    });
    const timezone = fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Kiritimati', 'America/St_Johns');
    fc.assert(
      fc.property(fc.array(instants, { minLength: 2, maxLength: 12 }), timezone, (times, zone) => {
        const like: Partial<Workspace> = {
          timezone: zone,
          license: 'grace',
          license_since: at('2026-02-10T12:00:00.0005Z'),
          overrides: { concurrency: 3, valid_from: '2026-01-15T00:00:00.0003Z', valid_until: '2026-06-15T00:00:00.0007Z' },
        };
        const asked = workspace(like);
        for (const ms of times) {
          const now = Temporal.Instant.fromEpochMilliseconds(ms);
          const { workspace: _, ...answer } = effectivePolicy({ workspace: asked, catalog, state: STATE, now });
          const { workspace: __, ...fresh } = effectivePolicy({ workspace: workspace(like), catalog, state: STATE, now });
          expect(answer).toEqual(fresh);
          expect(Temporal.Instant.compare(answer.valid_from, now)).toBeLessThanOrEqual(0);
          expect(Temporal.Instant.compare(now, answer.valid_until)).toBeLessThan(0);
        }
      }),
      { numRuns: 50 },
    );
  });
});
