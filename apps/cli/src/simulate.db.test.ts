import { cp, readFile, writeFile } from 'node:fs/promises';

import { TestClock } from '@purser/core';
import { scratchFolder } from '@purser/embedded';
import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { checkSize } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog, proveCatalog } from '@purser/catalog';
import { openSimulatedEngine, MIGRATIONS } from '@purser/server';
import {
  describeSimulation,
  type Engine,
  playedProviders,
  POPULATION,
  type Population,
  simulate,
  simulationPage,
} from '@purser/simulation';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

let database: TestDatabase;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = await createTestDatabase(MIGRATIONS.filter(({ schema }) => schema !== 'base'));
  opened.defer(() => database.drop());
});
afterEach(() => opened.disposeAsync());

async function openEngine(sold = catalog): Promise<Engine> {
  const engine = await openSimulatedEngine({
    settings: parseSettings({}),
    database_url: database.url,
    admin_token: 'a token of nobody in a simulation',
    catalog: sold,
    log: createLog({ level: 'silent' }),
    clock: new TestClock(Temporal.Instant.from('2026-12-01T00:00:00Z')),
    providers: playedProviders(sold, 7),
  });
  opened.use(engine);
  return engine;
}

const QUICK = { seed: 7, step_hours: 12 };
const ABUSIVE = POPULATION.kinds.filter(({ name }) => name === 'abusive').map((kind) => ({ ...kind, share: 1, events_day: 1 }));
/** Few, and all of them out for the worst. */
const WORST: Population = { ...POPULATION, kinds: ABUSIVE, joins_at_once: 1 };
const onPro = (population: Population): Population => ({
  ...population,
  plan_weights: Object.fromEntries(catalog.plans.map(({ code }) => [code, code === 'PRO' ? 1 : 0])),
});

vi.setConfig({ testTimeout: 120_000 });
const CUSTOMERS = checkSize({ quick: 30, extended: 60 });

test('C8, C13, F1: two months of customers who pay, spend, abuse and owe leave every guarantee whole', async () => {
  const engine = await openEngine();
  const days: number[] = [];
  const kinds = POPULATION.kinds.map((kind) => ({ ...kind, share: kind.name === 'abusive' ? 0.05 : kind.share }));
  const population = { ...POPULATION, kinds, payment_fails: 0.4, pays_after_days: [[3, 1]] as const };
  const result = await simulate({
    engine,
    ...QUICK,
    population,
    customers: CUSTOMERS,
    months: 2,
    onDay: (day) => days.push(day),
  });
  expect(result.broken).toEqual([]);
  expect(result.calls).toBeGreaterThan(CUSTOMERS * 8);
  expect(days).toHaveLength(62);
  const { plans, refusals, payments, offers } = result.tally;
  expect([...plans.values()].reduce((sum, plan) => sum + plan.customers, 0)).toBe(CUSTOMERS);
  expect([...refusals.keys()]).toEqual(expect.arrayContaining(['plan_feature_missing', 'license_ai_disabled']));
  expect(payments.restored).toBeGreaterThan(0);
  expect(offers.size).toBeGreaterThan(0);
  expect(result.margins.map(({ month }) => month)).toEqual(['2026-12', '2027-01']);
  for (const { lines } of result.margins) expect(lines.some(({ key, cost }) => key === 'PRO' && cost.nanos > 0n)).toBe(true);
  expect(describeSimulation(result)).toContain('Every guarantee held');
});

test('F1, T5: whoever is out for the worst climbs down the ladder, runs out of credits and money, buys, and stays within what was paid', async () => {
  const engine = await openEngine();
  const kinds = ABUSIVE.map((kind) => ({ ...kind, buys: 0.5 }));
  const result = await simulate({ engine, ...QUICK, population: onPro({ ...WORST, kinds }), customers: 4, months: 1 });
  expect(result.broken).toEqual([]);
  const { plans, degradations } = result.tally;
  const pro = plans.get('PRO');
  expect(pro?.packs).toBeGreaterThan(0);
  expect((pro?.met.get('credits_exhausted')?.size ?? 0) + (pro?.met.get('cost_ceiling_reached')?.size ?? 0)).toBeGreaterThan(0);
  expect([...degradations.keys()].some((what) => what.includes('of what the plan includes is used'))).toBe(true);
});

/** The default catalog with another PRO; loading asks for no proof. */
async function withPro(...changes: readonly (readonly [string, string])[]): Promise<Catalog> {
  const { folder } = opened.use(await scratchFolder());
  const shipped = new URL('../../../catalogs/', import.meta.url).pathname;
  await cp(shipped, folder, { recursive: true });
  const [before = '', pro = '', after = ''] = (await readFile(`${shipped}default.yaml`, 'utf8')).split(
    /(?=  - code: (?:PRO|BUSINESS)\n)/,
  );
  const changed = changes.reduce((text, [from, to]) => text.replace(from, to), pro);
  await writeFile(`${folder}/default.yaml`, before + changed + after);
  return loadCatalog(`${folder}/default.yaml`);
}

const MANY_CREDITS = ['credits_monthly: 1500', 'credits_monthly: 15000'] as const;
const NO_LADDER = ['    ladder: ceiling\n', ''] as const;

test('F1, F4: with neither ladder nor credits in the way the ceiling itself holds, to the last call', async () => {
  const engine = await openEngine(await withPro(MANY_CREDITS, NO_LADDER));
  const kinds = ABUSIVE.map((kind) => ({ ...kind, buys: 0 }));
  const result = await simulate({ engine, ...QUICK, population: onPro({ ...WORST, kinds }), customers: 3, months: 1 });
  expect(result.tally.plans.get('PRO')?.met.get('cost_ceiling_reached')?.size).toBeGreaterThan(0);
  expect(result.broken).toEqual([]);
});

test('F1: a catalog that was not proven, and lets more be spent than is paid, is found out; so the command would fail', async () => {
  const unproven = await withPro(MANY_CREDITS, NO_LADDER, ['price: 15.99 EUR', 'price: 15.99 EUR\n    ceiling: 60 EUR']);
  const { proofs } = proveCatalog(unproven, Temporal.Instant.from('2026-11-21T12:00Z'));
  expect(proofs.find(({ code }) => code === 'PRO')?.holds).toBe(false);
  const engine = await openEngine(unproven);
  const result = await simulate({ engine, ...QUICK, population: onPro(WORST), customers: 3, months: 1 });
  expect(result.broken).toEqual(
    expect.arrayContaining([
      expect.stringContaining('plan PRO kept'),
      expect.stringMatching(/^[0-9a-f-]{36} on PRO until .* kept /),
    ]),
  );
  expect(result.broken.every((sentence) => sentence.includes('less than its plan promises'))).toBe(true);
  expect(describeSimulation(result)).toContain('BROKEN');
  expect(simulationPage(result, 'seed 7')).toContain('class="broken"');
});

test('C8: a cost that was never held for is found in the books, above the ceiling and below the margin', async () => {
  const engine = await openEngine();
  let ruined = '';
  const result = await simulate({
    engine: {
      ...engine,
      async open(wanted) {
        const accounts = await engine.open(wanted);
        const pro = wanted.findIndex(({ plan }) => plan === 'PRO');
        if (pro >= 0 && ruined === '') {
          ruined = accounts[pro]?.workspace ?? '';
          await database.pool.query(
            `select ledger.post($1, $2, null, 'cost', 'payable:x', 1000000000000, 'EUR', 1000000000000, 'EUR', 'PRO')`,
            [engine.clock.now().toString(), ruined],
          );
        }
        return accounts;
      },
    },
    ...QUICK,
    customers: 20,
    months: 1,
  });
  expect(result.broken).toEqual(
    expect.arrayContaining([
      expect.stringContaining('plan PRO kept'),
      expect.stringMatching(new RegExp(`^${ruined} on PRO .* kept `)),
      expect.stringMatching(new RegExp(`^${ruined} on PRO .* above its ceiling`)),
    ]),
  );
});

test('C8: the page holds a plot of each month and loads nothing from elsewhere', async () => {
  const engine = await openEngine();
  const page = simulationPage(await simulate({ engine, ...QUICK, customers: 20, months: 1 }), '20 customers, seed 7');
  expect(page).toContain('aria-label="Margin of each plan, 2026-12"');
  expect(page).toContain('20 customers, seed 7');
  expect(page).not.toMatch(/https?:|src=|<script/);
});
