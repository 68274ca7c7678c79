import { localTime, type WorkspaceId } from '@purser/core';
import { newId, transaction } from '@purser/database';
import { parseSettings } from '@purser/settings';
import { type PaymentEvent, recordPayment } from '@purser/license';
import { grantCredits } from '@purser/meters';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startServer, type RunningServer } from './start.ts';
import { type Answered, like, startTestServer, type TestServer } from './testing/index.ts';

/** Where the next call stops, and what lets it go on. */
let stop: { readonly at: string; readonly reached: () => void; readonly goOn: Promise<void> } | undefined;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    {},
    {
      async pause(point) {
        if (stop?.at !== point) return;
        const { reached, goOn } = stop;
        stop = undefined;
        reached();
        await goOn;
      },
    },
  );
});
afterAll(() => server.close());
beforeEach(() => {
  stop = undefined;
});

const now = (): Temporal.Instant => server.running.composition.deps.clock.now();
const moveTo = (to: Temporal.Instant): Promise<Answered> => server.admin('/api/admin/clock', { body: { now: to.toString() } });
const generate = (key: string): Promise<Answered> =>
  server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'The harbour opened in 1887.' } });
const check = (key: string, feature: string, url = server.url): Promise<Response> =>
  fetch(`${url}/api/features/${feature}/check`, { method: 'POST', headers: { authorization: `Bearer ${key}` } });
const usage = async (key: string) => (await server.ask('/api/usage', { key })).json;
const states = async (key: string): Promise<number[]> => [
  (await generate(key)).status,
  (await check(key, 'sync')).status,
  (await check(key, 'reports')).status,
];

let events = 0;
const happened = (workspace: string, kind: PaymentEvent['kind'], at = now(), id = `evt_${events++}`): Promise<unknown> =>
  transaction(server.database.pool, (connection) =>
    recordPayment(connection, now(), { id, workspace: workspace as WorkspaceId, kind, at, reference: 'in_1' }),
  );

/** Begins a call that stands still at a point; `goOn` lets it end, and gives its answer. */
async function callPausedAt(at: string, key: string): Promise<() => Promise<Answered>> {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  stop = { at, reached: () => reached.resolve(), goOn: goOn.promise };
  const answer = generate(key);
  await reached.promise;
  return () => {
    goOn.resolve();
    return answer;
  };
}

const booksAreRight = async (): Promise<void> => {
  expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [], open_holds: 0 });
  expect((await server.admin('/api/admin/audit/verify')).json).toMatchObject({ intact: true });
};

/** In the morning, six days before the clocks there next go an hour ahead. */
function beforeSummerTime(timezone: string): Temporal.Instant {
  let change = now()
    .add({ hours: 6 * 24 })
    .toZonedDateTimeISO(timezone)
    .getTimeZoneTransition('next');
  while (change !== null && change.offsetNanoseconds < change.subtract({ minutes: 1 }).offsetNanoseconds) {
    change = change.getTimeZoneTransition('next');
  }
  if (change === null) throw new Error(`${timezone} has no summer time`);
  return change.subtract({ days: 6 }).with({ hour: 10 }).toInstant();
}

/** From the failure on: sync and reports go on until fourteen times 24 hours are over, sync goes on day 15, reports a week later. */
async function graceToDay15(key: string, failed_at: Temporal.Instant, creditsAreThere: () => Promise<void>): Promise<void> {
  // Grace: sync and reports go on until fourteen times 24 hours are over, which on the customer's clock is an hour later.
  const over = failed_at.add({ hours: 14 * 24 });
  expect(over.toZonedDateTimeISO('Europe/Berlin').hour - failed_at.toZonedDateTimeISO('Europe/Berlin').hour).toBe(1);
  expect(await usage(key)).toMatchObject({
    license: 'grace',
    license_notice: {
      stage: 'grace',
      ends_at: inMicroseconds(over),
      off: ['ai', 'images', 'speech', 'campaigns'],
      off_next: ['sync', 'studio'],
      text: expect.stringContaining(`Off from ${localTime(over, 'Europe/Berlin')}: sync, studio`) as string,
      what_to_do: like(/Pay the open invoice/),
      action: { kind: 'pay' },
    },
  });
  for (const day of [1, 7, 13]) {
    await moveTo(failed_at.add({ hours: day * 24 }));
    expect(await states(key)).toEqual([402, 200, 200]);
    await creditsAreThere();
  }
  await moveTo(over.subtract({ seconds: 30 }));
  expect((await check(key, 'sync')).status).toBe(200);

  // Day 15: sync goes; reports last a week longer.
  await moveTo(over);
  expect(await states(key)).toEqual([402, 402, 200]);
  const reports_over = failed_at.add({ hours: 21 * 24 });
  expect(await usage(key)).toMatchObject({
    license: 'degraded',
    license_notice: { ends_at: inMicroseconds(reports_over), off_next: ['reports'] },
  });
  await moveTo(reports_over);
  expect(await states(key)).toEqual([402, 402, 402]);
  for (const feature of ['sync', 'reports']) {
    expect(await (await check(key, feature)).json()).toMatchObject({
      code: 'license_sync_disabled',
      offers: [{ kind: 'pay' }],
    });
  }
  expect(await usage(key)).toMatchObject({ license: 'degraded', license_notice: { ends_at: null, off_next: [] } });
  await creditsAreThere();
}

describe('C5 C7 the whole week of the third brief, over a change to summer time', () => {
  it('pay, spend, fail, grace to day 15, restore: exact credits at every step', async () => {
    await moveTo(beforeSummerTime('Europe/Berlin'));
    const { id, key } = await server.workspace('PRO', { timezone: 'Europe/Berlin' });
    const workspace = id as WorkspaceId;
    const credits = async () => {
      const { balance, held } = (await usage(key)).credits as unknown as { balance: number; held: number };
      return [balance, held];
    };

    // Pay: the month's credits, and a pack.
    expect(await credits()).toEqual([1500, 0]);
    await transaction(server.database.pool, (connection) =>
      grantCredits(connection, now(), {
        id: newId<'grant'>(),
        workspace,
        source: 'purchased',
        credits: 500n,
        expires_at: null,
        reason: 'pack',
      }),
    );
    await happened(id, 'paid');
    expect(await usage(key)).toMatchObject({ license: 'active', license_notice: null });

    // Spend.
    const first = (await generate(key)).json;
    const left = 2000 - first.credits.charged;
    expect(await credits()).toEqual([left, 0]);
    expect(await states(key)).toEqual([200, 200, 200]);
    const [after_states = 0] = await credits();

    // Fail, with a call at the provider: AI is off at once, and what was held is back at once.
    const end = await callPausedAt('before settle', key);
    const [free = 0, held = 0] = await credits();
    expect(held).toBeGreaterThan(0);
    expect(free + held).toBe(after_states);
    const failed_at = now();
    await happened(id, 'failed', failed_at);
    await server.running.composition.deps.licenses.release(workspace);
    expect(await credits()).toEqual([after_states, 0]);
    const refused = await generate(key);
    expect([refused.status, refused.json]).toMatchObject([
      402,
      { code: 'license_ai_disabled', detail: like(/last payment failed/), offers: [{ kind: 'pay', id: 'invoice' }] },
    ]);

    // The call that was under way ends: it is answered, nobody is charged, and its cost is ours and counted.
    const late = await end();
    expect(late.status).toBe(200);
    expect(late.json.credits).toEqual({ charged: 0, balance: after_states });
    expect(await credits()).toEqual([after_states, 0]);
    await booksAreRight();

    await graceToDay15(key, failed_at, async () => expect(await credits()).toEqual([after_states, 0]));

    // Restore; the failure comes once more, late.
    await happened(id, 'paid');
    await happened(id, 'failed', failed_at.add({ seconds: 5 }));
    await expect.poll(() => check(key, 'sync').then(({ status }) => status)).toBe(200);
    expect(await usage(key)).toMatchObject({ license: 'active', license_notice: null });
    const again = (await generate(key)).json;
    expect(again.credits).toMatchObject({ balance: after_states - again.credits.charged });
    await booksAreRight();
  });
});

describe('C5 a license changes under a call', () => {
  it('that holds and has not reached a provider: it is not sent, its hold is voided, nothing stays counted', async () => {
    const { id, key } = await server.workspace('BUSINESS');
    const before = await usage(key);
    const end = await callPausedAt('after hold', key);
    await server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license: 'grace' } });
    expect((await usage(key)).credits).toMatchObject({ held: 0, balance: before.credits.balance });
    const answer = await end();
    expect([answer.status, answer.json.code]).toEqual([402, 'license_ai_disabled']);
    expect(await usage(key)).toMatchObject({ cost: before.cost, credits: { held: 0, balance: before.credits.balance } });
    expect((await server.ask('/api/calls', { key })).json.calls).toEqual([]);
    await booksAreRight();
  });

  it('that was refused by hand and paid again: every feature is on at once', async () => {
    const { id, key } = await server.workspace('PRO');
    const set = (license: string) => server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license } });
    expect((await set('cancelled')).json).toMatchObject({ license: 'cancelled' });
    expect(await states(key)).toEqual([402, 402, 402]);
    expect((await generate(key)).json).toMatchObject({ offers: [{ kind: 'pay', id: 'subscription' }] });
    expect((await set('active')).json).toMatchObject({ license: 'active' });
    expect(await states(key)).toEqual([200, 200, 200]);
    const trail = (await server.admin('/api/admin/audit?limit=200')).json.entries;
    const mine = trail.filter((entry) => entry.action === 'license.change' && JSON.stringify(entry).includes(id));
    expect(mine.map(({ detail }) => detail)).toHaveLength(2);

    const changes = [
      { from: 'cancelled', to: 'active', why: like(/An administrator/) },
      { from: 'active', to: 'cancelled', what_to_do: like(/Subscribe again/) },
    ];
    expect((await server.ask('/api/license', { key })).json).toMatchObject({ license: 'active', license_notice: null, changes });
    expect((await server.admin(`/api/admin/workspaces/${id}/license`)).json).toMatchObject({
      license: 'active',
      events: [{ kind: 'set_active' }, { kind: 'set_cancelled' }],
      changes,
    });
  });
});

describe('C7 a feature is governed by one line', () => {
  it('a plan without it is offered one that has it; a plan with it is let in', async () => {
    const starter = await server.workspace('STARTER');
    const refused = (await (await check(starter.key, 'ai')).json()) as { status: number; code: string; offers: { id: string }[] };
    expect(refused).toMatchObject({ status: 403, code: 'plan_feature_missing' });
    expect(refused.offers.map(({ id }) => id)).toContain('PRO');
    expect(await (await check(starter.key, 'sync')).json()).toEqual({
      allowed: true,
      feature: 'sync',
      plan: 'STARTER',
      license: 'active',
    });
    expect((await check(starter.key, 'time-travel')).status).toBe(403);
  });

  it('a client that names JSON and sends nothing is answered as well', async () => {
    const { key } = await server.workspace('STARTER');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const sent = async (body?: string) =>
      (await fetch(`${server.url}/api/features/sync/check`, { method: 'POST', headers, ...(body !== undefined && { body }) }))
        .status;
    expect([await sent(), await sent(''), await sent('{}'), await sent('{')]).toEqual([200, 200, 200, 400]);
  });
});

describe('C5 two servers', () => {
  let second: RunningServer;
  beforeAll(async () => {
    const { catalog, log } = server.running.composition.deps;
    second = await startServer({
      settings: parseSettings({ PORT: '0', PURSER_TEST_CLOCK: now().toString() }),
      database_url: server.database.url,
      admin_token: server.admin_token,
      catalog,
      log,
    });
  });
  afterAll(() => second.stop());

  it('a failed and a paid payment told to one count at the other within a second', async () => {
    const { id, key } = await server.workspace('PRO');
    const there = async (): Promise<number> => (await check(key, 'ai', second.address)).status;
    expect(await there()).toBe(200);
    await happened(id, 'failed');
    await expect.poll(there).toBe(402);
    await happened(id, 'paid');
    await expect.poll(there).toBe(200);
  });
});

function inMicroseconds(at: Temporal.Instant): string {
  return at.round({ smallestUnit: 'microsecond', roundingMode: 'floor' }).toString();
}
