import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Catalog, loadCatalog, type QuotaDefinition } from '@purser/catalog';
import { isRefusal, refuse } from '@purser/core';
import { verifyPostings } from '@purser/ledger';
import { type MeterState, verifyMeters } from '@purser/meters';
import { actualCost, type Usage } from '@purser/money';
import { effectivePolicy, EVERY_TASK, metersFor } from '@purser/policy';
import { finalReport, NO_REPORT, ProviderError } from '@purser/providers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  fitSteps,
  type FittedStep,
  type Fitting,
  type Gate,
  type Size,
  type Sizing,
  type Spent,
  type Task,
  type TaskCall,
  type TaskEvent,
} from './index.ts';
import { type GateBench, keyed, openGateBench, PRESENT } from './testing.ts';

/* A kind of work that the gate has never heard of: pages are scanned. All there is of it is in this file. */

const QUOTAS: readonly QuotaDefinition[] = [
  { key: 'pages_day', unit: 'page', window: 'day', scope: 'workspace', counts: ['scan'], label: 'Pages a day' },
  { key: 'pages_user_day', unit: 'page', window: 'day', scope: 'user', counts: ['scan'], label: 'Pages a user and day' },
];
const CATALOG = `
name: scans
fx: { as_of: 2026-11-01, buffer: 0, rates: {} }
credit: { cost: 0.01 USD }
license: { grace_days: 0, degrade: [[scans]] }
operations:
  - { name: scan, task: scan, feature: scans, output_tokens_default: 0, credits_min: 1, classes: { simple: [large, small], medium: [large, small], complex: [large, small] } }
plans:
  - code: PRO
    name: Pro
    price: 20 USD
    margin: 0.15
    tax_max: 0
    features: [scans]
    overrun_reserve: 0.5 USD
    credits_monthly: 10000
    quotas: { pages_day: 1000, pages_user_day: 500 }
    concurrency: 200
    rate: { rps: 1000, rpm: 60000, burst: 1000 }
    request: { output_tokens_max: 0, credits_max: 1000, input_chars_max: 1000 }
    model_policy: { defaultRouting: latest, providers: { scan: [lens, spare] } }
    priority: high
`;
const MODELS = `
providers: [lens, spare]
models:
  - { id: lens/sharp, provider: lens, name: sharp, version: 1.0.0, task: scan, class: large, price: lens/sharp, context_tokens: 1, output_tokens_max: 0 }
  - { id: spare/plain, provider: spare, name: plain, version: 1.0.0, task: scan, class: small, price: spare/plain, context_tokens: 1, output_tokens_max: 0 }
`;
const PRICES = `
prices:
  - { key: lens/sharp, currency: USD, from: 2026-01-01, each: { page: 0.015000001 } }
  - { key: spare/plain, currency: USD, from: 2026-01-01, each: { page: 0.004 } }
`;

interface Document {
  readonly pages: number;
}
interface Scanned {
  readonly texts: readonly string[];
}
/** How a provider behaves at its next calls: it reads fewer pages, says nothing of usage, or fails. */
type Behaviour = 'honest' | 'silent' | 'overruns' | 'away' | 'breaks off' | 'half empty';

class ScanTask implements Task<Document, Size, FittedStep<number>, Scanned> {
  readonly name = 'scan';
  readonly called: string[] = [];
  behaviour: Readonly<Record<string, Behaviour>> = {};
  readonly #providers: ReadonlySet<string> = new Set(['lens', 'spare']);

  offeredBy() {
    return this.#providers;
  }
  size({ input }: Sizing<Document>) {
    return input.pages > 100 ? refuse('request_too_large', `the document has ${input.pages} pages; 100 are read`) : {};
  }
  fit(question: Fitting<Document, Size>) {
    const { pages } = question.input;
    const fewer = Array.from({ length: pages }, (_, less) => pages - less);
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      () =>
        fewer.map((shape) => ({
          shape,
          most: { input_tokens: 0, output_tokens: 0, units: { page: shape } },
          ...(shape < pages && { smaller: `${shape} pages instead of ${pages}` }),
        })),
    );
  }
  most({ most }: FittedStep<number>) {
    return most;
  }
  costOf({ price }: FittedStep<number>, usage: Usage) {
    return actualCost(price, usage);
  }
  counted({ units }: Usage) {
    return { page: units?.['page'] ?? 0 };
  }
  async run({ fitted, signal }: TaskCall<Document, FittedStep<number>>) {
    const { model, shape: pages } = fitted;
    this.called.push(model.id);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const how = this.behaviour[model.provider] ?? 'honest';
    if (how === 'away') throw new ProviderError(model.provider, 'is away', { kind: 'unavailable', billed: 'no' });
    if (how === 'breaks off') throw new ProviderError(model.provider, 'broke off', { kind: 'unavailable', billed: 'unknown' });
    signal.throwIfAborted();
    const read = how === 'half empty' ? Math.ceil(pages / 2) : how === 'overruns' ? pages * 2 : pages;
    return {
      result: { texts: Array.from({ length: read }, (_, page) => `page ${page + 1}`) },
      usage: how === 'silent' ? NO_REPORT : finalReport({ input_tokens: 0, output_tokens: 0, units: { page: read } }),
      model: { name: model.name },
    };
  }
  keep({ texts }: Scanned) {
    return texts.join('\n');
  }
  restore(kept: unknown) {
    return { texts: (kept as string).split('\n') };
  }
}

/** The same, a page at a time. */
class PagedScanTask extends ScanTask {
  async *stream(call: TaskCall<Document, FittedStep<number>>): AsyncGenerator<TaskEvent<Scanned>> {
    const outcome = await this.run(call);
    for (const text of outcome.result.texts) yield { type: 'bytes', bytes: Buffer.from(text) };
    yield { type: 'end', outcome };
  }
}

let bench: GateBench;
let sold: Catalog;
let folder: string;
beforeAll(async () => {
  bench = await openGateBench();
  folder = await mkdtemp(join(tmpdir(), 'purser-scans-'));
  await writeFile(join(folder, 'scans.yaml'), CATALOG);
  await writeFile(join(folder, 'models.yml'), MODELS);
  await writeFile(join(folder, 'provider_costs.yml'), PRICES);
  sold = await loadCatalog(join(folder, 'scans.yaml'), { quotas: QUOTAS, tasks: [{ name: 'scan', units: ['page'] }] });
});
afterAll(async () => {
  await bench.close();
  await rm(folder, { recursive: true });
});

let scan: ScanTask;
let gate: Gate;
beforeEach(() => {
  scan = new ScanTask();
  gate = bench.gate({}, { tasks: [scan], sold });
});

type Caller = ReturnType<GateBench['caller']>;
const spend = (caller: Caller, pages: number, more: object = {}) =>
  gate.spend<Scanned>(caller, 'scan', { input: { pages }, ...more }, PRESENT);

async function spent(caller: Caller, pages: number, more: object = {}): Promise<Spent<Scanned>> {
  const answer = await spend(caller, pages, more);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return answer;
}

async function metersOf({ workspace }: Caller): Promise<Record<string, MeterState>> {
  const now = bench.clock.now();
  const policy = effectivePolicy({ workspace, catalog: sold, state: { frozen: false }, now });
  const states = await bench.meters.read(metersFor(EVERY_TASK, policy, { user: 'key:test' }, now));
  return Object.fromEntries(states.map((state) => [state.key, state]));
}

async function attemptsOf({ workspace }: Caller) {
  const { rows } = await bench.database.pool.query<{ kind: string; model: string; outcome: string; usage: object; cost: bigint }>(
    'select kind, provider, model, outcome, usage, cost from ledger.attempt where workspace_id = $1 order by id',
    [workspace.id],
  );
  return rows;
}

/** Sums of the books by their accounts, in nanos. */
async function booksOf({ workspace }: Caller): Promise<Record<string, bigint>> {
  const { rows } = await bench.database.pool.query<{ pair: string; amount: bigint }>(
    `select debit || ' < ' || credit as pair, sum(amount)::bigint as amount from ledger.posting
     where workspace_id = $1 and unit = 'USD' and (debit in ('cost', 'overrun', 'unreconciled') or credit in ('cost', 'overrun', 'unreconciled'))
     group by 1`,
    [workspace.id],
  );
  return Object.fromEntries(rows.map(({ pair, amount }) => [pair, amount]));
}

const NANOS_A_PAGE = 15_000_001n;

describe('a task that is made up, through the gate’s own entry point', () => {
  test('is held at its worst, charged what it used, counted on its quotas and booked to the nano', async () => {
    const caller = bench.caller('PRO');
    const answer = await spent(caller, 7);
    expect(answer).toMatchObject({
      result: { texts: ['page 1', 'page 2', 'page 3', 'page 4', 'page 5', 'page 6', 'page 7'] },
      model: { provider: 'lens', name: 'sharp', version: '1.0.0' },
      usage: { units: { page: 7 } },
      cost: { nanos: 7n * NANOS_A_PAGE, currency: 'USD' },
      // 0.105000007 USD at 0.01 USD a credit, rounded up.
      credits: { charged: 11n, balance: 9_989n },
      degraded: [],
    });
    expect(await metersOf(caller)).toMatchObject({
      cost: { used: 7n * NANOS_A_PAGE, held: 0n },
      credits: { used: 11n, held: 0n },
      pages_day: { used: 7n, held: 0n, cap: 1000n },
      'pages_user_day:key:test': { used: 7n, held: 0n, cap: 500n },
      concurrency: { held: 0n },
    });
    expect(await booksOf(caller)).toEqual({ 'cost < payable:lens': 7n * NANOS_A_PAGE });
    expect(await attemptsOf(caller)).toMatchObject([
      { kind: 'scan', provider: 'lens', model: 'sharp', outcome: 'ok', usage: { units: { page: 7 } }, cost: 7n * NANOS_A_PAGE },
    ]);
  });

  test('what was held and not used goes back', async () => {
    const caller = bench.caller('PRO');
    scan.behaviour = { lens: 'half empty' };
    expect(await spent(caller, 10)).toMatchObject({ cost: { nanos: 5n * NANOS_A_PAGE }, credits: { charged: 8n } });
    expect(await metersOf(caller)).toMatchObject({
      pages_day: { used: 5n, held: 0n },
      cost: { used: 5n * NANOS_A_PAGE, held: 0n },
    });
  });

  test('is made smaller to fit its quota, and refused with its name, its cap and a wait when that is used up', async () => {
    const caller = bench.caller('PRO', { quotas: { pages_day: 5 } });
    await spent(caller, 2);
    const clamped = await spent(caller, 9);
    expect(clamped.result.texts).toHaveLength(3);
    expect(clamped.degraded).toEqual([{ what: '3 pages instead of 9', why: 'the budget left pays for no more' }]);
    const refused = await spend(caller, 1);
    if (!isRefusal(refused)) throw new Error('a sixth page was read');
    expect(refused.code).toBe('quota_exceeded');
    expect(refused.retryAfterSeconds).toBeGreaterThan(0);
    expect(refused.detail).toMatch(/^this workspace may use 5 pages a day, and they are used up/u);
    expect(await metersOf(caller)).toMatchObject({ pages_day: { used: 5n, held: 0n } });
  });

  test('goes to a cheaper model, or is made smaller, where money leaves no more; too large a document is refused by its own words', async () => {
    const caller = bench.caller('PRO', { ceiling: { amount: '0.54', currency: 'USD' } });
    const answer = await spent(caller, 8);
    expect(answer.result.texts.length).toBe(2);
    expect(answer.degraded[0]?.what).toBe('2 pages instead of 8');
    expect(await spend(caller, 101)).toMatchObject({
      code: 'request_too_large',
      detail: 'the document has 101 pages; 100 are read',
    });
    expect((await metersOf(caller))['cost']).toMatchObject({ used: 2n * NANOS_A_PAGE, cap: 40_000_000n });
  });

  test('64 callers at once never take more than a quota, or than the money, and the books say so', async () => {
    const byQuota = bench.caller('PRO', { quotas: { pages_day: 100 } });
    await Promise.all(Array.from({ length: 64 }, () => spend(byQuota, 3)));
    const { pages_day, cost } = await metersOf(byQuota);
    expect(pages_day).toMatchObject({ used: 100n, held: 0n });
    expect(cost?.used).toBe(100n * NANOS_A_PAGE);

    const byMoney = bench.caller('PRO', { ceiling: { amount: '1.5', currency: 'USD' } });
    const answers = await Promise.all(Array.from({ length: 64 }, () => spend(byMoney, 3)));
    const paid = answers.flatMap((answer) => (isRefusal(answer) ? [] : [answer.cost.nanos]));
    const meters = await metersOf(byMoney);
    expect(meters['cost']).toMatchObject({ used: paid.reduce((sum, one) => sum + one, 0n), held: 0n, overrun: 0n });
    expect(meters['cost']!.used).toBeLessThanOrEqual(meters['cost']!.cap);
    // What is left pays for not even a page of the cheapest.
    expect(meters['cost']!.cap - meters['cost']!.used).toBeLessThan(4_000_000n);
    expect(answers.filter(isRefusal).map(({ code }) => code)).toContain('cost_ceiling_reached');
    expect(Object.values(await booksOf(byMoney)).reduce((sum, one) => sum + one, 0n)).toBe(meters['cost']!.used);
  });

  test('a provider that is away is replaced, with a hold of its own; one that breaks off leaves its worst case unresolved', async () => {
    const caller = bench.caller('PRO');
    scan.behaviour = { lens: 'away' };
    const answer = await spent(caller, 4);
    expect(answer).toMatchObject({ model: { provider: 'spare' }, cost: { nanos: 16_000_000n } });
    expect(answer.degraded[0]?.what).toBe('another model than lens/sharp');
    expect(await booksOf(caller)).toEqual({ 'cost < payable:spare': 16_000_000n });

    gate = bench.gate({}, { tasks: [scan], sold });
    const other = bench.caller('PRO');
    scan.behaviour = { lens: 'breaks off', spare: 'away' };
    expect(await spend(other, 4)).toMatchObject({ code: 'provider_failed' });
    expect(await booksOf(other)).toEqual({ 'unreconciled < payable:lens': 4n * NANOS_A_PAGE });
    expect(await metersOf(other)).toMatchObject({ credits: { used: 0n, held: 0n }, pages_day: { used: 0n, held: 0n } });
  });

  test('absent usage is booked at the bound that was sent, and the customer pays the least', async () => {
    const caller = bench.caller('PRO');
    scan.behaviour = { lens: 'silent' };
    expect(await spent(caller, 6)).toMatchObject({ cost: { nanos: 6n * NANOS_A_PAGE }, credits: { charged: 1n } });
    expect(await attemptsOf(caller)).toMatchObject([{ usage: { estimated: true, units: { page: 6 } }, cost: 6n * NANOS_A_PAGE }]);
  });

  test('what it used beyond its hold is ours to bear, and closes the model', async () => {
    const caller = bench.caller('PRO');
    scan.behaviour = { lens: 'overruns' };
    expect(await spent(caller, 2)).toMatchObject({ cost: { nanos: 4n * NANOS_A_PAGE }, credits: { charged: 4n } });
    expect(await booksOf(caller)).toEqual({
      'cost < payable:lens': 2n * NANOS_A_PAGE,
      'overrun < payable:lens': 2n * NANOS_A_PAGE,
    });
    expect(await spent(caller, 2)).toMatchObject({ model: { provider: 'spare' } });
  });

  test('a key spends once and gives the first result again', async () => {
    const caller = bench.caller('PRO');
    const first = await spent(caller, 3, keyed('k', 'three'));
    const again = await Promise.all(Array.from({ length: 8 }, () => spent(caller, 3, keyed('k', 'three'))));
    for (const one of again) expect(one).toEqual({ ...first, replayed: true });
    expect(scan.called).toHaveLength(1);
    expect(await spend(caller, 4, keyed('k', 'four'))).toMatchObject({ code: 'idempotency_mismatch' });
    expect(await metersOf(caller)).toMatchObject({ pages_day: { used: 3n } });
  });

  test('streamed, its pieces come before its bill; a reader that leaves pays for what the provider reports after it', async () => {
    const pages = new PagedScanTask();
    gate = bench.gate({}, { tasks: [pages], sold });
    const caller = bench.caller('PRO');
    const read = async (leaves: boolean): Promise<string[]> => {
      const parts = await gate.spendStreaming<Scanned>(caller, 'scan', { input: { pages: 3 } }, PRESENT);
      if (isRefusal(parts)) throw new Error(parts.detail);
      const seen: string[] = [];
      for await (const part of parts) {
        seen.push(part.type === 'end' ? `${part.spent.cost.nanos}` : part.type);
        if (leaves) break;
      }
      return seen;
    };
    expect(await read(false)).toEqual(['bytes', 'bytes', 'bytes', `${3n * NANOS_A_PAGE}`]);
    expect(await read(true)).toEqual(['bytes']);
    await expect.poll(async () => (await metersOf(caller))['pages_day']).toMatchObject({ used: 6n, held: 0n });
    expect(await attemptsOf(caller)).toMatchObject([{ outcome: 'ok' }, { outcome: 'stopped', cost: 3n * NANOS_A_PAGE }]);
  });

  test('it is refused where it cannot be streamed, and another task’s operation is not its own', async () => {
    const caller = bench.caller('PRO');
    const streamed = await gate.spendStreaming(caller, 'scan', { input: { pages: 1 } }, PRESENT);
    expect(streamed).toMatchObject({ code: 'invalid_request', detail: 'stream: scan cannot be streamed; ask for it whole' });
    const asText = await gate.generate(caller, { operation: 'scan', complexity: 'simple', messages: [] }, PRESENT);
    expect(asText).toMatchObject({ code: 'invalid_request' });
  });
});

test('after all of it every hold has ended and the books give the counters', async () => {
  expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
});
