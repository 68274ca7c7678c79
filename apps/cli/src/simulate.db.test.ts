import { createLog, parseSettings } from '@purser/base';
import { createTestDatabase, type TestDatabase } from '@purser/base/testing';
import { loadCatalogue } from '@purser/catalog';
import { openSimulatedEngine, ROOMS } from '@purser/server';
import { describeSimulation, type Engine, simulate } from '@purser/simulation';
import { afterEach, beforeEach, expect, test } from 'vitest';

let database: TestDatabase;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = await createTestDatabase(ROOMS.filter(({ room }) => room !== 'base'));
  opened.defer(() => database.drop());
});
afterEach(() => opened.disposeAsync());

async function openEngine(): Promise<Engine> {
  const engine = await openSimulatedEngine({
    settings: parseSettings({}),
    database_url: database.url,
    admin_token: 'a token of nobody in a simulation',
    catalogue: await loadCatalogue(new URL('../../../catalogs/default.yaml', import.meta.url).pathname),
    log: createLog({ level: 'silent' }),
  });
  opened.use(engine);
  return engine;
}

const SMALL = { seed: 7, customers: 30, months: 2 };

test('C8, C13, F1: two months of customers who pay, spend, abuse and owe leave every guarantee whole', async () => {
  const engine = await openEngine();
  const days: number[] = [];
  const result = await simulate({ engine, ...SMALL, onDay: (day) => days.push(day) });
  expect(result.broken).toEqual([]);
  expect(result.calls).toBeGreaterThan(100);
  expect(days.length).toBeGreaterThanOrEqual(59);
  const customers = [...result.tally.plans.values()].reduce((sum, plan) => sum + plan.customers, 0);
  expect(customers).toBe(30);
  expect(result.tally.refusals.size).toBeGreaterThan(0);
  const revenue = result.margins.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.revenue.nanos, 0n);
  expect(revenue).toBeGreaterThan(0n);
  expect(describeSimulation(result)).toContain('Every guarantee held');
});

test('C8: a cost that was never held for is found, named by plan and by customer, and the command would fail', async () => {
  const engine = await openEngine();
  let ruined = '';
  const result = await simulate({
    engine: {
      ...engine,
      async open(wanted) {
        const account = await engine.open(wanted);
        if (wanted.plan === 'PRO' && ruined === '') {
          ruined = account.workspace;
          await database.pool.query(
            `select ledger.post($1, $2, null, 'cost', 'payable:x', 1000000000000, 'EUR', 1000000000000, 'EUR', 'PRO')`,
            [engine.clock.now().toString(), ruined],
          );
        }
        return account;
      },
    },
    ...SMALL,
    months: 1,
  });
  expect(result.broken).toEqual(
    expect.arrayContaining([expect.stringContaining('plan PRO kept'), expect.stringContaining(`${ruined} on PRO kept`)]),
  );
  expect(describeSimulation(result)).toContain('BROKEN');
});
