import { newId, type WorkspaceId } from '@purser/base';
import { createTestDatabase, type TestDatabase } from '@purser/base/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { RouteStates } from './route-states.ts';
import { type RouteStore, routeStore, routingMigrations } from './route-store.ts';

let database: TestDatabase;
const open: RouteStates[] = [];
beforeAll(async () => {
  database = await createTestDatabase([routingMigrations]);
});
afterAll(async () => {
  await Promise.all(open.map((routes) => routes.close()));
  await database.drop();
});

const HOUR_MS = 3_600_000;
const MODEL = () => `acme/${newId<'model'>()}`;

function server(
  times: { closed_ms?: number; workspace_closed_ms?: number } = {},
  store: RouteStore = routeStore(database.pool),
): RouteStates {
  const routes = new RouteStates({ closed_ms: HOUR_MS, workspace_closed_ms: HOUR_MS, store, ...times });
  open.push(routes);
  return routes;
}

const one = newId<'workspace'>();
const other = newId<'workspace'>();
const stateOf = (routes: RouteStates, model: string, workspace: WorkspaceId = other) => routes.of(model, workspace, true).state;
const keeps = () => Promise.resolve({ kept: true, output_limit: 'max_tokens' } as const);
const fails = () => Promise.resolve({ kept: false, why: 'it writes on' } as const);

test('a call that overran closes its model for everybody, here at once and on every other server', async () => {
  const model = MODEL();
  const [here, there] = [server(), server()];
  here.overran(model, one, 'transaction 1');
  expect([stateOf(here, model), stateOf(here, model, one)]).toEqual(['closed', 'closed']);
  await here.refresh();
  await there.refresh();
  expect([stateOf(there, model), stateOf(there, model, one)]).toEqual(['closed', 'closed']);
  // A server that starts later knows as well.
  const late = server();
  await late.refresh();
  expect(late.of(model, other, true)).toMatchObject({ state: 'closed', why: 'transaction 1' });
});

test('when its time is over a model is proven before it is used, and a proof opens it everywhere', async () => {
  const model = MODEL();
  const [here, there] = [server({ closed_ms: 0 }), server()];
  here.overran(model, one, 'transaction 1');
  expect(stateOf(here, model)).toBe('to_prove');
  await here.prove(model, keeps);
  await here.refresh();
  await there.refresh();
  expect([stateOf(here, model), stateOf(there, model), there.outputLimit(model)]).toEqual(['open', 'open', 'max_tokens']);
});

test('the workspace whose call overran stays off the model when the others are let in again', async () => {
  const model = MODEL();
  const here = server({ closed_ms: 0 });
  here.overran(model, one, 'transaction 1');
  await here.prove(model, keeps);
  expect([stateOf(here, model), stateOf(here, model, one)]).toEqual(['open', 'closed']);
});

test('one workspace that overruns again and again closes the model for the others no longer than the first time', () => {
  const model = MODEL();
  const here = server({ workspace_closed_ms: 60_000 });
  const closed = (): number => here.of(model, other, true).retry_ms;
  here.overran(model, one, 'transaction 1');
  const first = closed();
  for (let n = 0; n < 5; n++) here.overran(model, one, `transaction ${n}`);
  expect(Math.round(closed() / 1000)).toBe(Math.round(first / 1000));
  // And it stays away longer itself: doubled each time, never more than an hour.
  expect(here.of(model, one, true).retry_ms).toBeGreaterThan(16 * 60_000);
});

test('a proof that fails closes the model for longer each time; a caller without documented limits needs one before the first call', async () => {
  const model = MODEL();
  const here = server({ closed_ms: 1_000 });
  expect(here.of(model, other, false).state).toBe('to_prove');
  await here.prove(model, fails);
  const first = here.of(model, other, false);
  expect(first).toMatchObject({ state: 'closed', why: 'it writes on' });
  await here.prove(model, fails);
  expect(here.of(model, other, false).retry_ms).toBeGreaterThan(first.retry_ms);
});

test('callers that wait for a proof share one', async () => {
  const model = MODEL();
  const here = server();
  let runs = 0;
  await Promise.all(
    Array.from({ length: 50 }, () =>
      here.prove(model, () => {
        runs += 1;
        return keeps();
      }),
    ),
  );
  expect(runs).toBe(1);
});

test('what could not be written while the database was away is written when it is back', async () => {
  const model = MODEL();
  const real = routeStore(database.pool);
  let away = true;
  const store: RouteStore = {
    read: () => real.read(),
    write: (record) => (away ? Promise.reject(new Error('away')) : real.write(record)),
  };
  const failures: unknown[] = [];
  const here = new RouteStates({
    closed_ms: HOUR_MS,
    workspace_closed_ms: HOUR_MS,
    store,
    failed: (error) => failures.push(error),
  });
  open.push(here);
  here.overran(model, one, 'transaction 1');
  await expect(here.refresh()).rejects.toThrow('away');
  expect(stateOf(here, model)).toBe('closed');
  away = false;
  await here.refresh();
  const there = server();
  await there.refresh();
  expect(stateOf(there, model)).toBe('closed');
});
