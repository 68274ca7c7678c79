import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId, type Pool, readMigrations } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Failure, RouteStates, type RouteStatesOptions } from './route-states.ts';
import { closedLately, type RouteStore, routeStore, routingMigrations } from './route-store.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase([routingMigrations]);
  pool = database.pool;
});
afterAll(() => database.drop());

let routes = 0;
function fresh() {
  const provider = `acme-${routes++}`;
  return { provider, model: `${provider}/large` };
}
type Route = ReturnType<typeof fresh>;

const server = (more: RouteStatesOptions = {}) => new RouteStates({ store: routeStore(pool), read_every_ms: 0, ...more });
const workspace = () => newId<'workspace'>();
const [one, other] = [workspace(), workspace()];
const failing: Failure = { reason: 'failing', why: 'HTTP 500' };
const stateOf = (states: RouteStates, route: Route, of: WorkspaceId = other) => states.of(route, of).state;
const keeps = () => Promise.resolve({ kept: true, output_limit: 'max_tokens' } as const);
const fails = () => Promise.resolve({ kept: false, why: 'it writes on' } as const);

async function waitIsOver({ provider }: Route): Promise<void> {
  await pool.query(`update routing.route_state set until = now() where provider = $1`, [provider]);
}

/** Five failures of as many independent workspaces. */
async function close(states: RouteStates, route: Route): Promise<void> {
  for (let n = 0; n < 5; n++) await states.failed(route, { ...failing, by: workspace(), independent: true });
}

/** What was told in the background is written, and every server has read it. */
async function settled(...servers: readonly RouteStates[]): Promise<void> {
  for (const states of servers) await states.refresh();
  for (const states of servers) await states.refresh();
}

describe('several servers on one database: a model that fails', () => {
  test('is closed by failures in a row of several workspaces whichever server meets them; the other knows, and nothing is read before', async () => {
    const route = fresh();
    const [here, there] = [server(), server()];
    for (let n = 0; n < 4; n++)
      await (n % 2 === 0 ? here : there).failed(route, { ...failing, by: workspace(), independent: true });
    expect([stateOf(here, route), stateOf(there, route)]).toEqual(['open', 'open']);
    await here.failed(route, { ...failing, by: workspace(), independent: true });
    expect(here.of(route, other)).toMatchObject({ state: 'closed', reason: 'failing', why: 'HTTP 500' });
    expect(stateOf(here, { ...route, model: `${route.provider}/small` })).toBe('open');
    await there.refresh();
    expect(stateOf(there, route)).toBe('closed');
  });

  test('is closed to one workspace alone, on every server, while the others are served; operators see how many are kept away', async () => {
    const route = fresh();
    const [here, there] = [server(), server()];
    for (let n = 0; n < 5; n++) await here.failed(route, { ...failing, by: one, independent: true });
    await there.refresh();
    for (const states of [here, there]) {
      expect([stateOf(states, route, one), stateOf(states, route)]).toEqual(['closed', 'open']);
      expect(states.overview(route)).toMatchObject({ state: 'closed', reason: 'failing', workspaces_kept_away: 1 });
    }
    there.served(route, other);
    await settled(there, here);
    expect(stateOf(here, route, one)).toBe('closed');
    expect(await closedLately(pool)).toContainEqual(expect.objectContaining({ model: route.model, for_everybody: false }));
  });

  test('is tried by the workspace that it was closed to, when its wait is over; the others need no try', async () => {
    const route = fresh();
    const here = server();
    for (let n = 0; n < 5; n++) await here.failed(route, { ...failing, by: one });
    await waitIsOver(route);
    await here.refresh();
    expect([stateOf(here, route, one), stateOf(here, route)]).toEqual(['due', 'open']);
    const probe = await here.claim(route, one);
    if (!probe) throw new Error('nobody else tried it');
    expect(await here.claim(route, one)).toBeNull();
    await here.failed(route, { ...failing, by: one, probe });
    expect([stateOf(here, route, one), stateOf(here, route)]).toEqual(['closed', 'open']);
    expect(here.of(route, one).retry_ms).toBeGreaterThan(30_000);
    await waitIsOver(route);
    await here.refresh();
    const second = await here.claim(route, one);
    here.served(route, one, second ?? undefined);
    await settled(here);
    expect(here.list().filter(({ provider }) => provider === route.provider)).toEqual([]);
  });

  test('closes for all servers whatever characters are in its words', async () => {
    const route = fresh();
    const [here, there] = [server(), server()];
    await here.failed(route, { reason: 'failing', why: 'HTTP 500: \0 \ud800', closes: 'model' });
    await there.refresh();
    expect(there.of(route, other)).toMatchObject({ state: 'closed', why: 'HTTP 500: \ufffd \ufffd' });
  });

  test('stays open where a call is served in between', async () => {
    const route = fresh();
    const here = server();
    for (let n = 0; n < 12; n++) {
      await here.failed(route, { ...failing, by: workspace(), independent: true });
      if (n % 4 !== 3) continue;
      here.served(route, other);
      await settled(here);
    }
    expect(stateOf(here, route)).toBe('open');
  });

  test('is tried by exactly one call over all servers when the wait is over; served, it opens for all', async () => {
    const route = fresh();
    const servers = [server(), server(), server()];
    await close(servers[0] ?? server(), route);
    await waitIsOver(route);
    for (const states of servers) await states.refresh();
    expect(servers.map((states) => stateOf(states, route))).toEqual(['due', 'due', 'due']);
    const claims = Array.from({ length: 30 }, (_, n) => (servers[n % 3] ?? server()).claim(route, workspace()));
    const won = (await Promise.all(claims)).filter((probe) => probe !== null);
    expect(won).toHaveLength(1);
    await settled(...servers);
    for (const states of servers) expect(stateOf(states, route)).toBe('closed');
    // A call that was sent before it closed proves nothing.
    servers[1]?.served(route, other);
    await settled(...servers);
    expect(servers.map((states) => stateOf(states, route))).toEqual(['closed', 'closed', 'closed']);
    servers[2]?.served(route, other, won[0]);
    await settled(servers[2] ?? server(), ...servers);
    expect(servers.map((states) => stateOf(states, route))).toEqual(['open', 'open', 'open']);
  });

  test('leaves its place to the next when a try told nothing, or never came back', async () => {
    const route = fresh();
    const here = server();
    await close(here, route);
    await waitIsOver(route);
    await here.refresh();
    const probe = await here.claim(route, other);
    expect(await here.claim(route, one)).toBeNull();
    if (probe) await here.returned(probe);
    expect(stateOf(here, route)).toBe('due');
    expect(await here.claim(route, one)).not.toBeNull();
    // Its lease is over.
    await waitIsOver(route);
    await here.refresh();
    expect(await here.claim(route, other)).not.toBeNull();
  });

  test('closes with its whole provider at once when our key is refused, for one stated time however many calls meet it', async () => {
    const route = fresh();
    const told: unknown[] = [];
    const here = server({ onClosed: ({ reason, workspace: of }) => told.push([reason, of]) });
    const refused: Failure = { reason: 'key', why: 'HTTP 401', closes: 'provider', by: one };
    await Promise.all(Array.from({ length: 10 }, () => here.failed(route, refused)));
    expect(here.of({ ...route, model: `${route.provider}/another` }, other)).toMatchObject({ state: 'closed', reason: 'key' });
    expect(here.of(route, other).retry_ms).toBeLessThanOrEqual(30_000);
    expect(told).toEqual([['key', null]]);
  });

  test('a provider and a model that are tried by one call: what refuses the key leaves the model to the next', async () => {
    const route = fresh();
    const here = server();
    await close(here, route);
    await here.failed(route, { reason: 'key', why: 'HTTP 401', closes: 'provider' });
    await waitIsOver(route);
    await here.refresh();
    const probe = await here.claim(route, other);
    if (!probe) throw new Error('nobody else tried it');
    await here.failed(route, { reason: 'key', why: 'HTTP 401', closes: 'provider', by: other, probe });
    const list = here.list().filter(({ provider }) => provider === route.provider);
    expect(list.map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  test('a provider closed for what is unresolved opens when that is resolved, and for no other reason', async () => {
    const route = fresh();
    const here = server();
    await here.closeProvider(route.provider, 'unresolved', 'too much', 120_000);
    await here.resolved(route.provider, 'key');
    expect(here.of(route, other)).toMatchObject({ state: 'closed', reason: 'unresolved' });
    await here.resolved(route.provider, 'unresolved');
    expect(stateOf(here, route)).toBe('open');
  });

  test('half of what was sent lately is enough where other calls are served in between, if half of the workspaces meet it', async () => {
    const [route, one_workspaces] = [fresh(), fresh()];
    const here = new RouteStates();
    const all = Array.from({ length: 5 }, workspace);
    for (let n = 0; n < 40; n++) {
      const [by = other, innocent = other] = [all[n % 5], all[(n + 1) % 5]];
      await here.failed(route, { ...failing, by, independent: true });
      here.served(route, innocent);
      await here.failed(one_workspaces, { ...failing, by: one, independent: true });
      here.served(one_workspaces, n % 2 === 0 ? one : innocent);
    }
    expect(stateOf(here, route, workspace())).toBe('closed');
    expect([stateOf(here, one_workspaces, one), stateOf(here, one_workspaces)]).toEqual(['closed', 'open']);
  });

  test('what one caller can bring about by calls under way together counts once; one after another, each', async () => {
    const route = fresh();
    const here = new RouteStates();
    const together_ms = performance.now();
    for (let n = 0; n < 50; n++) await here.failed(route, { ...failing, by: one, together_ms });
    expect(stateOf(here, route, one)).toBe('open');
    for (let n = 0; n < 4; n++) await here.failed(route, { ...failing, by: one, together_ms: performance.now() + 1 });
    expect(stateOf(here, route, one)).toBe('closed');
  });
});

describe('several servers on one database: a model that overran', () => {
  test('is closed for everybody, here at once and on every other server, and on one that starts later', async () => {
    const route = fresh();
    const [here, there] = [server(), server()];
    here.overran(route, one, 'transaction 1');
    expect([stateOf(here, route), stateOf(here, route, one)]).toEqual(['closed', 'closed']);
    await settled(here, there);
    expect([stateOf(there, route), stateOf(there, route, one)]).toEqual(['closed', 'closed']);
    const late = server();
    await late.refresh();
    expect(late.of(route, other)).toMatchObject({ state: 'closed', reason: 'overrun', why: 'transaction 1' });
    expect(await closedLately(pool)).toContainEqual(expect.objectContaining({ model: route.model, reason: 'overrun' }));
  });

  test('is proven before it is used, by one server alone, and opens everywhere but to the workspace that overran', async () => {
    const route = fresh();
    const limits = { overrun_closed_ms: 0 };
    const [here, there] = [server({ limits }), server({ limits })];
    here.overran(route, one, 'transaction 1');
    await settled(here, there);
    expect([stateOf(here, route), stateOf(there, route)]).toEqual(['to_prove', 'to_prove']);
    expect(there.toProve()).toContainEqual(route);
    const probe = await here.claim(route, other);
    expect(await there.claim(route, PLATFORM)).toBeNull();
    await here.prove(route, keeps, probe ?? undefined);
    await there.refresh();
    for (const states of [here, there]) {
      expect([stateOf(states, route), stateOf(states, route, one), states.outputLimit(route)]).toEqual([
        'open',
        'closed',
        'max_tokens',
      ]);
    }
  });

  test('however often it fails besides, it stays to be proven', async () => {
    const route = fresh();
    const here = server({ limits: { overrun_closed_ms: 0 } });
    here.overran(route, one, 'transaction 1');
    const probe = await here.claim(route, other);
    await here.failed(route, { ...failing, probe: probe ?? undefined });
    expect(here.of(route, other)).toMatchObject({ state: 'closed', reason: 'failing' });
    await waitIsOver(route);
    await settled(here);
    expect(stateOf(here, route)).toBe('to_prove');
  });

  test('again and again by one workspace is closed to the others no longer than the first time', () => {
    const route = fresh();
    const here = new RouteStates();
    const closed = (): number => here.of(route, other).retry_ms;
    here.overran(route, one, 'transaction 1');
    const first = closed();
    for (let n = 0; n < 5; n++) here.overran(route, one, `transaction ${n}`);
    expect(Math.round(closed() / 1000)).toBe(Math.round(first / 1000));
    // And it stays away longer itself: doubled each time, never more than an hour.
    expect(here.of(route, one).retry_ms).toBeGreaterThan(16 * 60_000);
  });
});

test('a probe that fails closes the model for longer each time; one without documented limits needs one before the first call', async () => {
  const route = fresh();
  const here = new RouteStates({ limits: { overrun_closed_ms: 1_000 } });
  expect(here.of(route, other, false).state).toBe('to_prove');
  await here.prove(route, fails);
  const first = here.of(route, other, false);
  expect(first).toMatchObject({ state: 'closed', why: 'it writes on' });
  expect(first.retry_ms).toBeGreaterThan(1_000);
});

test('callers that wait for a probe share one', async () => {
  const route = fresh();
  const here = server();
  let runs = 0;
  await Promise.all(
    Array.from({ length: 50 }, () =>
      here.prove(route, () => {
        runs += 1;
        return keeps();
      }),
    ),
  );
  expect(runs).toBe(1);
});

test('what cannot be written counts here, is told, claims nothing, and is written in its order when the database is back', async () => {
  const [overrunning, route] = [fresh(), fresh()];
  const real = routeStore(pool);
  let away = true;
  const store: RouteStore = {
    read: () => (away ? Promise.reject(new Error('away')) : real.read()),
    change: (key, change) => (away ? Promise.reject(new Error('away')) : real.change(key, change)),
  };
  const errors: unknown[] = [];
  const here = server({ store, failed: (error) => errors.push(error), limits: { failing_closed_ms: 0 } });
  here.overran(overrunning, one, 'transaction 1');
  for (let n = 0; n < 5; n++) await here.failed(route, failing);
  expect([stateOf(here, overrunning), stateOf(here, route)]).toEqual(['closed', 'due']);
  await expect.poll(() => errors.length).toBe(6);
  // Nobody can tell whether another server tries it, so this one does not.
  expect(await here.claim(route, other)).toBeNull();
  await expect(here.refresh()).rejects.toThrow('away');
  expect(stateOf(here, overrunning)).toBe('closed');
  away = false;
  await here.refresh();
  const there = server();
  await there.refresh();
  expect([stateOf(there, overrunning), stateOf(there, route)]).toEqual(['closed', 'due']);
});

test('a server asks the database once a reading, whatever is closed, and not at all for calls that are asked about or served', async () => {
  const route = fresh();
  const real = routeStore(pool);
  const asked = { read: 0, change: 0 };
  const store: RouteStore = {
    read: () => (asked.read++, real.read()),
    change: (key, change) => (asked.change++, real.change(key, change)),
  };
  const here = server({ store });
  for (let n = 0; n < 5; n++) await here.failed(route, { ...failing, by: one });
  here.served(route, other);
  await here.refresh();
  const before = { ...asked };
  for (let n = 0; n < 100; n++) {
    stateOf(here, route, n % 2 === 0 ? one : other);
    here.served(route, other);
    here.served({ ...route, model: `${route.provider}/small` }, other);
  }
  await here.refresh();
  expect(asked).toEqual({ read: before.read + 1, change: before.change });
});

test('the migration carries over what was closed, proven and failing, and what both tables said of one model', async () => {
  const old = await createTestDatabase([]);
  const all = await readMigrations([routingMigrations]);
  for (const { sql } of all.filter(({ number }) => number < 4)) await old.pool.query(sql);
  const guilty = workspace();
  await old.pool.query(
    `insert into routing.route (model, workspace_id, state, output_limit, closed_until, times, why) values
       ('a/proven', $1, 'proven', 'max_tokens', now(), 0, 'a probe kept its limit'),
       ('a/overran', $1, 'closed', null, now() + interval '1 minute', 1, 'transaction 1'),
       ('a/overran', $2, 'closed', null, now() + interval '1 hour', 3, 'transaction 1'),
       ('a/both', $1, 'closed', null, now(), 0, 'transaction 2')`,
    [PLATFORM, guilty],
  );
  await old.pool.query(
    `insert into routing.breaker (provider, model, state, reason, why, failures, openings, until, probe, opened_at, caused_by) values
       ('a', 'a/both', 'open', 'failing', 'HTTP 500', 5, 2, now() + interval '1 hour', null, now(), null),
       ('a', 'a/proven', 'open', 'failing', 'HTTP 500', 5, 1, now() + interval '1 hour', null, now(), null),
       ('a', 'a/alone', 'open', 'failing', 'HTTP 500', 5, 1, now() + interval '1 hour', null, now(), $1),
       ('a', 'a/counting', 'closed', 'failing', 'HTTP 500', 3, 0, now(), null, null, null),
       ('b', '*', 'half_open', 'key', 'HTTP 401', 1, 1, now() + interval '1 hour', 'p', now(), null),
       ('c', '*', 'none', null, null, 0, 0, now(), null, null, null)`,
    [guilty],
  );
  await old.pool.query(all.find(({ number }) => number === 4)?.sql ?? '');
  const here = new RouteStates({ store: routeStore(old.pool), read_every_ms: 0 });
  await here.refresh();
  const of = (model: string, who = other) => here.of({ provider: model.slice(0, 1), model }, who);
  expect(of('a/proven')).toMatchObject({ state: 'closed', reason: 'failing' });
  expect(here.outputLimit({ provider: 'a', model: 'a/proven' })).toBe('max_tokens');
  expect(of('a/overran')).toMatchObject({ state: 'closed', reason: 'overrun', why: 'transaction 1' });
  expect(of('a/overran', guilty).retry_ms).toBeGreaterThan(3_000_000);
  expect(of('a/both')).toMatchObject({ state: 'closed', reason: 'overrun' });
  expect(of('a/both').retry_ms).toBeGreaterThan(3_000_000);
  expect([of('a/alone', guilty).state, of('a/alone').state]).toEqual(['closed', 'open']);
  expect(of('b/any')).toMatchObject({ state: 'closed', reason: 'key' });
  expect(here.list().map(({ model, failures }) => [model, failures])).toContainEqual(['a/counting', 3]);
  expect(here.list()).toHaveLength(6);
  await old.drop();
});
