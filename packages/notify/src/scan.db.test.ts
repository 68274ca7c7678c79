import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId, openPool } from '@purser/database';
import { grantCredits } from '@purser/meters';
import { money, ratio } from '@purser/money';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { listAllAlerts } from './list-alerts.ts';
import { listFraud } from './list-fraud.ts';
import { scan } from './scan.ts';
import { replaceSubscriptions } from './subscriptions.ts';
import { type AlertBench, dollars, MONTH_START, monthly, openAlertBench, passed, USD } from './testing.ts';

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
afterAll(() => bench.close());

async function told(workspace: WorkspaceId): Promise<string[]> {
  const page = await listAllAlerts(bench.database.pool, workspace, { limit: 200 });
  if ('refused' in page) throw new Error(page.detail);
  return page.alerts.map(({ kind, subject, threshold }) => `${kind} ${subject} ${threshold}`.trim()).toSorted();
}

describe('T9, S14: a threshold of any meter is told of once', () => {
  test('at 70, 85 and 95 % of what may be spent, each when it is reached and never again', async () => {
    const workspace = bench.workspace({ cap: dollars(10) });
    await bench.spend(workspace, dollars(6.999));
    expect(await bench.scan()).toBe(0);
    await bench.spend(workspace, dollars(0.001));
    expect(await bench.scan()).toBe(1);
    await bench.spend(workspace, dollars(1));
    expect(await bench.scan()).toBe(0);
    await bench.spend(workspace, dollars(1.5));
    await bench.spend(workspace, dollars(0.2));
    await bench.scan();
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold cost USD 0.7', 'threshold cost USD 0.85', 'threshold cost USD 0.95']);
  });

  test('a quota as well as money, and a call that costs nothing but tokens', async () => {
    const workspace = bench.workspace({ tokens: 100n });
    await bench.spend(workspace, dollars(0.001), { tokens: 84n });
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold tokens token 0.7']);
  });

  test('credits are measured by the most there were in the billing period', async () => {
    const workspace = bench.workspace();
    const grant = (credits: bigint) =>
      grantCredits(bench.database.pool, bench.clock.now(), {
        id: newId<'grant'>(),
        workspace,
        source: 'monthly',
        credits,
        expires_at: null,
        reason: 'test',
      });
    await grant(100n);
    await bench.spend(workspace, 1n, { credits: 69n });
    await bench.scan();
    expect(await told(workspace)).toEqual([]);
    await bench.spend(workspace, 1n, { credits: 1n });
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold credits credit 0.7']);
    // A pack brings it down to under a fifth; seventy per cent of the new most is a new crossing.
    await grant(1_000n);
    await bench.scan();
    await bench.spend(workspace, 1n, { credits: 729n });
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold credits credit 0.7', 'threshold credits credit 0.7']);
  });

  test('a raised cap can be crossed again, a cap that moves while it stays passed says nothing', async () => {
    const workspace = bench.workspace({ cap: dollars(10) });
    await bench.spend(workspace, dollars(8));
    await bench.scan();
    const raise = (cap: bigint): void => {
      bench.watched.set(workspace, {
        ...bench.watched.get(workspace)!,
        meters: [monthly(workspace, 'cost', 'USD', 'cost', cap)],
      });
    };
    raise(dollars(11));
    await bench.spend(workspace, dollars(0.01));
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold cost USD 0.7']);
    raise(dollars(20));
    await bench.spend(workspace, dollars(6));
    await bench.scan();
    expect(await told(workspace)).toEqual(['threshold cost USD 0.7', 'threshold cost USD 0.7']);
  });

  test('the catalog’s thresholds, and over them those of the workspace, meter by meter', async () => {
    const workspace = bench.workspace({ cap: dollars(10), tokens: 100n });
    bench.watched.set(workspace, { ...bench.watched.get(workspace)!, thresholds: [ratio(1n, 2n)] });
    await replaceSubscriptions(
      bench.database.pool,
      { thresholds: { tokens: ['0.1', '0.9'] }, digest: { messages_max: 5, within_minutes: 10 }, channels: [] },
      { workspace, now: bench.clock.now(), mail_possible: false, private_allowed: false, also: async () => {} },
    );
    await bench.spend(workspace, dollars(5), { tokens: 12n });
    await bench.scan();
    expect((await told(workspace)).toSorted()).toEqual(['threshold cost USD 0.5', 'threshold tokens token 0.1']);
  });

  test('a meter of any name, however long, is told of and keeps nobody else from it', async () => {
    const key = `credits:member:${'😀'.repeat(120)}`;
    const workspace = bench.workspace();
    const meter = monthly(workspace, key, 'credit', 'quota', 10n);
    bench.watched.set(workspace, {
      ...bench.watched.get(workspace)!,
      meters: [monthly(workspace, 'tokens', 'token', 'quota', 100n), meter],
    });
    const hold = newId<'hold'>();
    await bench.meters.hold({
      id: hold,
      workspace,
      expires_at: bench.clock.now().add({ seconds: 60 }),
      legs: [{ meter, amount: 8n }],
      plan: 'PRO',
      provider: 'acme',
      cost: { amount: 1n, unit: 'USD' },
      reported: { amount: 1n, unit: 'USD' },
    });
    await bench.meters.end({ kind: 'settle', hold, workspace, actuals: [8n], cost: 1n, reported: 1n, provider: 'acme' });
    await bench.scan();
    expect(await told(workspace)).toEqual([expect.stringMatching(/^threshold credits:member:.+… [0-9a-f]{16} 0\.7$/u)]);
  });

  test('the budget that everybody shares is the platform’s', async () => {
    const workspace = bench.workspace({ cap: dollars(100) });
    const budget = monthly(PLATFORM, 'budget', 'USD', 'cost', dollars(50));
    bench.watched.set(workspace, { ...bench.watched.get(workspace)!, meters: [...bench.watched.get(workspace)!.meters, budget] });
    bench.watched.set(PLATFORM, {
      meters: [budget],
      timezone: 'UTC',
      thresholds: [],
      period_start: MONTH_START,
      cost_cap: money(dollars(50), USD),
    });
    await bench.spend(workspace, dollars(43));
    await bench.scan();
    expect(await told(PLATFORM)).toEqual(['threshold budget USD 0.7', 'threshold budget USD 0.85']);
    bench.watched.delete(PLATFORM);
  });
});

describe('exactly once, whoever scans', () => {
  test('four servers that scan at the same moment raise one alert a crossing', async () => {
    const workspaces = Array.from({ length: 20 }, () => bench.workspace({ cap: dollars(1) }));
    const pools = Array.from({ length: 4 }, () => openPool(bench.database.url, { connections_max: 2 }));
    await Promise.all(workspaces.map((workspace) => bench.spend(workspace, dollars(0.9))));
    await passed(bench.database);
    const raised = await Promise.all(
      pools.flatMap((pool) => Array.from({ length: 5 }, () => scan({ ...bench.parts, pool, rows_max: 7 }))),
    );
    raised.push(await bench.scan());
    expect(raised.reduce((sum, one) => sum + one, 0)).toBe(40);
    for (const workspace of workspaces) {
      expect(await told(workspace)).toEqual(['threshold cost USD 0.7', 'threshold cost USD 0.85']);
    }
    await Promise.all(pools.map((pool) => pool.end()));
  });

  test('a scan that dies half way leaves nothing, and the next one tells all of it', async () => {
    const workspace = bench.workspace({ cap: dollars(1) });
    await bench.spend(workspace, dollars(0.99));
    const failing = scan({
      ...bench.parts,
      sources: [{ name: 'failing', after: () => Promise.reject(new Error('gone')) }],
    });
    await expect(failing).rejects.toThrow('gone');
    expect(await told(workspace)).toEqual([]);
    await bench.scan();
    expect(await told(workspace)).toHaveLength(3);
  });

  test('a workspace whose policy cannot be had is left out; the others are told', async () => {
    const [broken, whole] = [bench.workspace({ cap: dollars(1) }), bench.workspace({ cap: dollars(1) })];
    await bench.spend(broken, dollars(0.99));
    await bench.spend(whole, dollars(0.99));
    const errors: unknown[] = [];
    await passed(bench.database);
    await scan({
      ...bench.parts,
      log: { error: (...words: unknown[]) => errors.push(words) },
      watch: (workspace) =>
        workspace === broken ? Promise.reject(new Error('no such plan')) : bench.parts.watch(workspace, bench.clock.now()),
    });
    expect(errors).toHaveLength(1);
    expect(await told(whole)).toHaveLength(3);
    expect(await told(broken)).toEqual([]);
  });
});

describe('costs nobody had reckoned with', () => {
  test('S14: what ended unresolved is told to the operator, the first of an hour', async () => {
    const workspace = bench.workspace();
    for (let call = 0; call < 3; call++) {
      const hold = {
        id: newId<'hold'>(),
        workspace,
        expires_at: bench.clock.now().add({ seconds: 60 }),
        legs: [{ meter: monthly(workspace, 'cost', 'USD', 'cost' as const, dollars(10)), amount: dollars(0.5) }],
        plan: 'PRO',
        provider: 'acme',
        cost: { amount: dollars(0.5), unit: 'USD' },
        reported: { amount: dollars(0.5), unit: 'USD' },
      };
      await bench.meters.hold(hold);
      await bench.meters.end({ kind: 'unresolved', hold: hold.id, workspace });
    }
    await bench.scan();
    expect(await told(workspace)).toEqual(['unreconciled unreconciled USD']);
  });

  test('S14: a call beyond its hold is told with its transaction', async () => {
    const workspace = bench.workspace();
    const meter = monthly(workspace, 'cost', 'USD', 'cost', dollars(10));
    const hold = {
      id: newId<'hold'>(),
      workspace,
      expires_at: bench.clock.now().add({ seconds: 60 }),
      legs: [{ meter, amount: dollars(0.5) }],
      plan: 'PRO',
      provider: 'acme',
      cost: { amount: dollars(0.5), unit: 'USD' },
      reported: { amount: dollars(0.5), unit: 'USD' },
    };
    await bench.meters.hold(hold);
    const actual = dollars(0.75);
    await bench.meters.end({
      kind: 'settle',
      hold: hold.id,
      workspace,
      actuals: [actual],
      cost: actual,
      reported: actual,
      provider: 'acme',
    });
    await bench.scan();
    const page = await listAllAlerts(bench.database.pool, workspace, {});
    if ('refused' in page) throw new Error(page.detail);
    expect(page.alerts.map(({ kind, text }) => [kind, text.includes('0.25 USD'), text.includes(hold.id)])).toEqual([
      ['overrun', true, true],
    ]);
  });
});

describe('C4, C11: a user who spends more credits in an hour than the plan takes for honest', () => {
  const rich = async (): Promise<WorkspaceId> => {
    const workspace = bench.workspace({ credits_hour_max: 500n });
    await grantCredits(bench.database.pool, bench.clock.now(), {
      id: newId<'grant'>(),
      workspace,
      source: 'gift',
      credits: 5_000n,
      expires_at: null,
      reason: 'test',
    });
    return workspace;
  };
  const flags = async (workspace: WorkspaceId): Promise<string[]> =>
    (await told(workspace)).filter((line) => line.startsWith('fraud')).toSorted();

  test('is flagged in any sixty minutes, across the hour of the clock, once an hour', async () => {
    const workspace = await rich();
    const spend = async (minute: number, credits: bigint): Promise<string[]> => {
      bench.clock.moveTo(Temporal.Instant.from('2026-11-11T08:00:00Z').add({ minutes: minute }));
      await bench.spend(workspace, 1n, { credits });
      await bench.scan();
      return flags(workspace);
    };
    expect(await spend(5, 300n)).toEqual([]);
    expect(await spend(50, 200n)).toEqual([]);
    // 08:05 lies more than an hour back: 200 + 300 in any hour is just honest.
    expect(await spend(66, 300n)).toEqual([]);
    expect(await spend(70, 1n)).toEqual(['fraud credits_hour:key:1 credit']);
    expect(await spend(75, 1n)).toEqual(['fraud credits_hour:key:1 credit']);
  });

  test('is one user: what many spend together flags none of them, and each who is above is flagged by name, through whichever keys', async () => {
    const workspace = await rich();
    bench.clock.moveTo(Temporal.Instant.from('2026-11-12T08:00:00Z'));
    for (const user of ['ada', 'bob', 'cyd']) await bench.spend(workspace, 1n, { credits: 400n, user });
    await bench.scan();
    expect(await flags(workspace)).toEqual([]);
    bench.clock.advance({ minutes: 10 });
    await bench.spend(workspace, 1n, { credits: 101n, user: 'ada', actor: 'key:2' });
    await bench.spend(workspace, 1n, { credits: 100n, user: 'bob', actor: 'key:2' });
    await bench.scan();
    expect(await flags(workspace)).toEqual(['fraud credits_hour:ada credit']);
    const page = await listFraud(bench.database.pool, workspace, {});
    expect('flags' in page && page.flags).toMatchObject([{ user: 'ada', credits: 501n, credits_max: 500n }]);
    bench.clock.advance({ minutes: 5 });
    await bench.spend(workspace, 1n, { credits: 1n, user: 'bob' });
    await bench.scan();
    expect(await flags(workspace)).toEqual(['fraud credits_hour:ada credit', 'fraud credits_hour:bob credit']);
  });

  test.each(['ada', 'ada credit', `ø${'😀'.repeat(120)}`])('is forgotten with its flag: %s', async (user) => {
    const workspace = await rich();
    bench.clock.moveTo(bench.clock.now().add({ hours: 30 }));
    for (const name of [user, 'other']) await bench.spend(workspace, 1n, { credits: 501n, user: name });
    await bench.scan();
    // Told already, whatever the length of the name.
    await bench.spend(workspace, 1n, { credits: 1n, user });
    await bench.scan();
    expect(await flags(workspace)).toHaveLength(2);
    const { rows } = await bench.database.pool.query<{ gone: number }>('select notify.erase_end_user($1, $2) as gone', [
      workspace,
      user,
    ]);
    expect(rows[0]?.gone).toBe(1);
    expect(await flags(workspace)).toEqual(['fraud credits_hour:other credit']);
  });
});

describe('S14: an hour far above the hours before it', () => {
  test('is told once, to whom it spent and from which sum on it is unusual', async () => {
    const workspace = bench.workspace({ cap: dollars(1_000), cost_cap: dollars(20) });
    const begin = bench.clock.now().add({ hours: 2 });
    for (let hour = 0; hour < 30; hour++) {
      bench.clock.moveTo(begin.add({ hours: hour }));
      await bench.spend(workspace, dollars(0.8 + (hour % 5) * 0.1));
      await bench.scan();
    }
    bench.clock.advance({ hours: 1 });
    await bench.spend(workspace, dollars(3));
    await bench.scan();
    expect((await told(workspace)).filter((line) => line.startsWith('anomaly'))).toEqual([]);
    await bench.spend(workspace, dollars(3));
    await bench.spend(workspace, dollars(3));
    await bench.scan();
    await bench.spend(workspace, dollars(3));
    await bench.scan();
    expect((await told(workspace)).filter((line) => line.startsWith('anomaly'))).toEqual(['anomaly spend USD']);
  });
});
