import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { isRefusal, TestClock } from '@purser/core';
import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { add, formatMoney, money, multiply, parseMoney } from '@purser/money';
import { type ReplayedPlan, replayUsage } from '@purser/replay';
import { openSimulatedEngine, MIGRATIONS } from '@purser/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const DAY_H = 24;
/** A level is found half a second after what was spent, and told. */
const LEVEL_KNOWN_MS = 1_000;

/** BUSINESS with few credits, PRO with a low ceiling whose ladder cuts answers at a quarter of it. */
const SOLD: readonly [string, string][] = [
  [
    'credits_monthly: 10000\n    rollover: { credits_max: 5000, months: 1 }',
    'credits_monthly: 8\n    rollover: { credits_max: 3, months: 1 }',
  ],
  ['pay_as_you_go: { credits_max: 2000, price: 0.02 USD }', 'pay_as_you_go: { credits_max: 5, price: 0.02 USD }'],
  ['overrun_reserve: 0.50 EUR', 'overrun_reserve: 0 EUR\n    ceiling: 0.03 EUR'],
  ['ladder: ceiling', 'ladder: short'],
  ['ladders:\n', 'ladders:\n  - name: short\n    watches: ceiling\n    levels: [{ at: 0.25, output_tokens_max: 5 }]\n'],
];

type Engine = Awaited<ReturnType<typeof openSimulatedEngine>>;
type Account = Awaited<ReturnType<Engine['open']>>[number];

let folder: string;
let database: TestDatabase;
let engine: Engine;
let sold: Catalog;
let from: Temporal.Instant;
let to: Temporal.Instant;
let business: Account;
let pro: Account;
const charged = { business: 0n, pro: 0n };
/** What PRO's calls cost, in the order in which they were made. */
const costs: bigint[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-replay-'));
  await cp(path.join(ROOT, 'catalogs'), folder, { recursive: true });
  sold = await catalog('sold', SOLD);
  database = await createTestDatabase(MIGRATIONS.filter(({ schema }) => schema !== 'base'));
  engine = await openSimulatedEngine({
    settings: parseSettings({}),
    database_url: database.url,
    admin_token: 'a token of nobody in a replay',
    catalog: sold,
    log: createLog({ level: 'silent' }),
    clock: new TestClock(suiteClock().now().round('second')),
  });
  await record();
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function catalog(name: string, changes: readonly [string, string][]): Promise<Catalog> {
  let text = await readFile(path.join(ROOT, 'catalogs', 'default.yaml'), 'utf8');
  for (const [was, is] of changes) {
    expect(text).toContain(was);
    text = text.replace(was, is);
  }
  const file = path.join(folder, `${name}.yaml`);
  await writeFile(file, text);
  return loadCatalog(file);
}

async function days(count: number): Promise<void> {
  await engine.housekeep();
  engine.clock.moveTo(engine.clock.now().add({ hours: count * DAY_H }));
  await engine.housekeep();
}

async function call(account: Account, of: keyof typeof charged, words = 20): Promise<void> {
  const prompt = 'The purser keeps the money. '.repeat(words);
  const answer = await engine.call(account, {
    operation: 'chat',
    complexity: 'simple',
    messages: [{ role: 'user', content: prompt }],
  });
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.detail}`);
  engine.clock.advance({ seconds: 1 });
  charged[of] += answer.credits.charged;
}

/** Two months: grants, a gift that lapses, credits sold one by one, a pack, levels, an agreement that came and went. */
async function record(): Promise<void> {
  from = engine.clock.now();
  const anchored_at = from;
  const opened = await engine.open([
    { name: 'Harbour', plan: 'BUSINESS', timezone: 'UTC', anchored_at },
    { name: 'Pier', plan: 'PRO', timezone: 'Asia/Bangkok', anchored_at },
  ]);
  [business, pro] = opened as [Account, Account];
  for (let n = 0; n < 3; n++) await call(business, 'business');
  await engine.gift(business, 4n, engine.clock.now().add({ hours: 10 * DAY_H }));
  for (let n = 0; n < 2; n++) await call(business, 'business');
  for (let n = 0; n < 6; n++) {
    await call(pro, 'pro', 900);
    await new Promise((resolve) => setTimeout(resolve, LEVEL_KNOWN_MS));
  }
  await days(15);
  // Five are left of the month; two more are sold.
  for (let n = 0; n < 7; n++) await call(business, 'business');
  await engine.buy(business, 'credits-500');
  await call(business, 'business');
  await days(10);
  await engine.change(pro, { overrides: { credits_monthly: 3 } });
  await days(10);
  for (let n = 0; n < 3; n++) await call(pro, 'pro');
  for (let n = 0; n < 2; n++) await call(business, 'business');
  await engine.change(pro, { overrides: {} });
  await days(40);
  // What is booked at this instant belongs to the time that is replayed.
  engine.clock.advance({ seconds: 1 });
  to = engine.clock.now();
  const { rows } = await database.pool.query<{ cost: bigint }>(
    'select cost from ledger.attempt where workspace_id = $1 order by id',
    [pro.workspace],
  );
  costs.push(...rows.map(({ cost }) => cost));
}

const configured = new Set<string>();
async function replayed(proposed: Catalog, more: { prices_at?: Temporal.Instant } = {}) {
  return replayUsage(database.pool, { current: sold, proposed, from, to, configured, ...more });
}
function planOf(plans: readonly ReplayedPlan[], code: string): ReplayedPlan {
  const found = plans.find(({ plan }) => plan === code);
  if (!found) throw new Error(`nothing was replayed of ${code}`);
  return found;
}
async function booked(account: Account): Promise<{ granted: bigint; sold: bigint }> {
  const { rows } = await database.pool.query<{ granted: bigint; sold: bigint }>(
    `select (select coalesce(sum(amount * ledger.spent_sign(debit, credit)), 0) from ledger.posting where workspace_id = $1 and unit = 'credit')::bigint as granted,
       (select coalesce(sum(credits), 0) from wallet.pay_as_you_go where workspace_id = $1)::bigint as sold`,
    [account.workspace],
  );
  return rows[0]!;
}

describe('C13 what was recorded, replayed through what was sold', () => {
  test('F1, C2, C12: gives back the books: revenue, fees, cost, granted and sold credits, and refuses nothing', async () => {
    const { books, before, after } = await replayed(sold);
    expect(after).toEqual(before);
    for (const plan of ['BUSINESS', 'PRO']) {
      const line = books.find(({ key }) => key === plan)!;
      const replay = planOf(before, plan);
      expect([replay.refused, replay.shortened, replay.rerouted]).toEqual([{}, 0, 0]);
      expect([replay.revenue, replay.fees, replay.cost].map(formatMoney)).toEqual(
        [line.revenue, line.fees, line.cost].map(formatMoney),
      );
    }
    const [of_business, of_pro] = [await booked(business), await booked(pro)];
    expect(planOf(before, 'BUSINESS')).toMatchObject({
      calls: 15,
      periods: 3,
      credits: of_business.granted,
      sold: of_business.sold,
    });
    expect(planOf(before, 'PRO')).toMatchObject({ calls: 9, periods: 3, credits: of_pro.granted, sold: 0n });
    expect(of_business).toEqual({ granted: 13n, sold: 2n });
    expect(charged).toEqual({ business: 15n, pro: of_pro.granted });
  });

  test('a part of the time: what came before fills meters and purses as it was', async () => {
    const start = from.add({ hours: 12 * DAY_H });
    const { before } = await replayUsage(database.pool, { current: sold, proposed: sold, from: start, to, configured });
    expect(planOf(before, 'BUSINESS')).toMatchObject({ calls: 10, periods: 2, refused: {}, credits: 8n, sold: 2n });
  });

  test('S4: the level that cut PRO’s answers was found where the books found it', async () => {
    // Each answer without a level costs the same; those after a quarter of €0.03 are cut to five tokens.
    expect(new Set(costs.slice(0, 3)).size).toBe(1);
    expect(costs[5]).toBeLessThan(costs[0]!);
  });
});

describe('C13 what was recorded, replayed through another catalog', () => {
  test('fewer credits a month: the gift and the pack are still there, and what they do not cover is sold up to the cap', async () => {
    const proposed = await catalog('fewer', [
      ...SOLD.slice(1),
      ['credits_monthly: 10000\n    rollover: { credits_max: 5000, months: 1 }', 'credits_monthly: 4'],
    ]);
    const { after } = await replayed(proposed);
    // Month 1: 3 of 4 granted, 2 of the gift, then 1 granted and 5 sold; the seventh is refused; the pack pays the next. Month 2: 2 granted.
    expect(planOf(after, 'BUSINESS')).toMatchObject({ calls: 14, refused: { credits_exhausted: 1 }, credits: 9n, sold: 5n });
    const packs = parseMoney('29', 'USD');
    const months = multiply(parseMoney('149', 'USD'), 3n);
    expect(planOf(after, 'BUSINESS').revenue).toEqual(add(add(months, packs), parseMoney('0.10', 'USD')));
  });

  test('T3: an agreement counts while it was valid, though it is over today', async () => {
    const proposed = await catalog('one', [
      ...SOLD.slice(0, 2),
      ['credits_monthly: 1500', 'credits_monthly: 8'],
      ...SOLD.slice(2),
    ]);
    const { after } = await replayed(proposed);
    const eight = planOf(after, 'PRO');
    // Eight credits cover the first month, one credit one call of it; the three of the second are those of the agreement, which today's terms no longer have.
    const single = await catalog('single', [
      ...SOLD.slice(0, 2),
      ['credits_monthly: 1500', 'credits_monthly: 1'],
      ...SOLD.slice(2),
    ]);
    const one = planOf((await replayed(single)).after, 'PRO');
    expect(eight.refused).toEqual({});
    expect(one).toMatchObject({ calls: 4, refused: { credits_exhausted: 5 } });
  });

  test('S4: a level that pauses at a tenth of the ceiling refuses what comes after, by hand', async () => {
    const proposed = await catalog(
      'pause',
      SOLD.map(([was, is]) => [was, is.replace('{ at: 0.25, output_tokens_max: 5 }', '{ at: 0.1, pause: [ai] }')]),
    );
    const { after } = await replayed(proposed);
    // In EUR at 0.94 and 2 % dearer, against a tenth of €0.03.
    const in_eur = costs.map((cost) => (cost * 9_588n + 9_999n) / 10_000n);
    let spent = 0n;
    let served = 0;
    for (const cost of in_eur.slice(0, 6)) {
      if (spent * 10n >= 30_000_000n) break;
      spent += cost;
      served += 1;
    }
    expect(served).toBeLessThan(6);
    expect(planOf(after, 'PRO')).toMatchObject({ calls: served + 3, refused: { cost_ceiling_reached: 6 - served } });
    const rest = in_eur.slice(6).reduce((sum, cost) => sum + cost, 0n);
    expect(planOf(after, 'PRO').cost).toEqual(money(spent + rest, planOf(after, 'PRO').cost.currency));
  });

  test('F1: another price, and another ceiling', async () => {
    const proposed = await catalog('dearer', [
      ...SOLD.slice(0, 2),
      ['price: 15.99 EUR', 'price: 19.99 EUR'],
      ['overrun_reserve: 0.50 EUR', 'overrun_reserve: 0 EUR\n    ceiling: 0.004 EUR'],
      ...SOLD.slice(3),
    ]);
    const { after } = await replayed(proposed);
    expect(formatMoney(planOf(after, 'PRO').revenue)).toBe('59.97 EUR');
    expect(planOf(after, 'PRO').refused.cost_ceiling_reached).toBeGreaterThan(0);
    expect(planOf(after, 'PRO').cost.nanos).toBeLessThanOrEqual(2n * 4_000_000n);
  });
});
