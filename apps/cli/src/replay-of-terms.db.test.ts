import { type Catalog, findPlan } from '@purser/catalog';
import { formatMoney, multiply } from '@purser/money';
import { type ReplayedPlan, replayUsage } from '@purser/replay';
import { type Life, liveTogether, PLAIN_LIFE } from '@purser/simulation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openLivesWorld } from './testing-lives.ts';

/** Days of a life have four steps. */
const onDays = (...days: readonly number[]): Life['spends'] => days.map((day) => [day * 4, 1] as const);

/** Subscribers who spend all they may: by the month, by the year, an upgrade on the last days, and a plan that is not the first. */
const LIVES: readonly Partial<Life>[] = [
  { months: 2, spends: onDays(2, 20, 33, 50) },
  { months: 2, plan: 'BUSINESS', spends: onDays(1, 40) },
  { months: 2, yearly: true, spends: onDays(5, 36, 58) },
  {
    months: 1,
    deeds: [[28, { is: 'change', plan: 'BUSINESS', how: 'at_once', paid: true }]],
    spends: onDays(3, 29),
  },
];

let world: Awaited<ReturnType<typeof openLivesWorld>>;
let sold: Catalog;
beforeAll(async () => {
  world = await openLivesWorld();
  sold = await world.catalog();
  const lived = await liveTogether(world.engine, { ...world.world, lives: LIVES.map((life) => ({ ...PLAIN_LIFE, ...life })) });
  expect(lived.flatMap(({ broken }) => broken)).toEqual([]);
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

async function replayed(proposed: Catalog) {
  const { pool } = world.database;
  const to = world.engine.clock.now().add({ hours: 1 });
  const result = await replayUsage(pool, {
    current: sold,
    proposed,
    from: world.began,
    to,
    configured: new Set(['acme', 'offline']),
  });
  const planOf = (plans: readonly ReplayedPlan[], code: string): ReplayedPlan => {
    const found = plans.find(({ plan }) => plan === code);
    if (!found) throw new Error(`nothing was replayed of ${code}`);
    return found;
  };
  return { ...result, planOf };
}

describe('subscribers, replayed by what was collected', () => {
  test('through what was sold: revenue, fees and cost are those of the books, and nothing that was admitted is refused', async () => {
    const { books, before, after, planOf } = await replayed(sold);
    for (const plan of ['PRO', 'BUSINESS']) {
      const line = books.find(({ key }) => key === plan)!;
      const replay = planOf(before, plan);
      expect(replay.refused).toEqual({});
      expect([replay.revenue, replay.fees, replay.cost].map(formatMoney)).toEqual(
        [line.revenue, line.fees, line.cost].map(formatMoney),
      );
    }
    expect(after).toEqual(before);
  });

  test('through a catalog with half the ceiling: what was spent beyond half of it is refused, and what was collected is the same', async () => {
    const halved: Catalog = {
      ...sold,
      plans: sold.plans.map((plan) =>
        plan.code === 'PRO' ? { ...plan, ceiling: { ...plan.ceiling, nanos: plan.ceiling.nanos / 2n } } : plan,
      ),
    };
    const { before, after, planOf } = await replayed(halved);
    expect(planOf(after, 'PRO').refused.cost_ceiling_reached).toBeGreaterThan(0);
    expect(planOf(after, 'PRO').cost.nanos * 10n).toBeLessThan(planOf(before, 'PRO').cost.nanos * 6n);
    expect(planOf(after, 'PRO').revenue).toEqual(planOf(before, 'PRO').revenue);
  });

  test('through a catalog at twice the price: the same customers pay twice as much, and may spend as much more as its ceiling says', async () => {
    const dearer: Catalog = {
      ...sold,
      plans: sold.plans.map((plan) => (plan.code === 'PRO' ? { ...plan, price: multiply(plan.price, 2n) } : plan)),
    };
    const { before, after, planOf } = await replayed(dearer);
    expect(planOf(after, 'PRO').revenue).toEqual(multiply(planOf(before, 'PRO').revenue, 2n));
    expect(planOf(after, 'PRO').refused).toEqual({});
    expect(findPlan(dearer, 'PRO')?.ceiling).toEqual(findPlan(sold, 'PRO')?.ceiling);
  });
});
