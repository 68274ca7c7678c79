import { isRefusal } from '@purser/core';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { RouteStates, routeStore } from '@purser/routing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import type { Answer, Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

let bench: GateBench;
let upstream: StandIn;
const open: RouteStates[] = [];
beforeAll(async () => {
  bench = await openGateBench();
  upstream = await startStandIn({ misbehaviour: 'too_many_tokens' });
});
beforeEach(() => bench.database.pool.query('delete from routing.route_state'));
afterAll(async () => {
  await Promise.all(open.map((routes) => routes.close()));
  await upstream.close();
  await bench.close();
});

interface Server {
  readonly gate: Gate;
  readonly routes: RouteStates;
}

/** One of several servers on one database, in front of that upstream. */
function server(base_url: string, overrun_closed_ms: number): Server {
  const limits = { overrun_closed_ms, workspace_closed_ms: 3_600_000 };
  const routes = new RouteStates({ limits, store: routeStore(bench.database.pool), read_every_ms: 0 });
  open.push(routes);
  return { gate: bench.gate({ openai: { api_key: 'test', base_url } }, { routes }), routes };
}

const MODEL = { provider: 'openai', model: 'openai/gpt-4o-mini' };
const long = ask('x', { model: 'gpt-4o-mini', output_tokens_max: 2_000 });
const servedBy = ({ gate }: Server, caller: ReturnType<GateBench['caller']>) => gate.generate(caller, long, PRESENT);

test('after the first overrun no server sends the model another call; when a probe has shown its limit kept, all but the workspace that overran may again', async () => {
  const honest = await startStandIn();
  const [first, second] = [server(upstream.openai_url, 1), server(honest.openai_url, 1)];
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  expect(isRefusal(await servedBy(first, one))).toBe(false);
  expect((await bench.metersOf(one))['cost']?.overrun).toBeGreaterThan(0n);
  const before = upstream.requests.length;

  // Its time is over at once here, so the next call proves the model; this upstream overruns the probe as well.
  expect(await servedBy(first, other)).toMatchObject({
    code: 'no_model_allowed',
    retryAfterSeconds: expect.any(Number) as number,
  });
  const probes = upstream.requests.slice(before);
  expect(probes.map(({ body }) => JSON.stringify(body)).filter((body) => !body.includes('numbers from 1'))).toEqual([]);

  // Another server, before whose upstream the limit is kept, knows that the model is closed and opens it by a probe of its own.
  await first.routes.refresh();
  await second.routes.refresh();
  const state = (): string => second.routes.of(MODEL, other.workspace.id).state;
  await expect.poll(state, { timeout: 15_000 }).toBe('to_prove');
  const answer = (await servedBy(second, other)) as Answer;
  expect(answer.model.provider).toBe('openai');
  expect(honest.requests).toHaveLength(2);
  expect(await servedBy(second, one)).toMatchObject({ code: 'no_model_allowed' });
  await honest.close();
});

test('a call whose model closes between its hold and its provider is not sent, and is not charged', async () => {
  const honest = await startStandIn();
  const routes = new RouteStates();
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: honest.openai_url } },
    {
      routes,
      pause: (point) => {
        if (point === 'after hold') routes.overran(MODEL, one.workspace.id, 'transaction 1');
        return Promise.resolve();
      },
    },
  );
  expect(await gate.generate(other, long, PRESENT)).toMatchObject({ code: 'no_model_allowed' });
  expect(honest.requests).toEqual([]);
  const meters = await bench.metersOf(other);
  expect([meters['cost']?.held, meters['cost']?.used, meters['credits']?.used]).toEqual([0n, 0n, 0n]);
  await honest.close();
});

/** That model fails, and its wait is over: the next call is the one that tries it. */
async function dueRoutes(overrun_closed_ms: number): Promise<RouteStates> {
  const routes = new RouteStates({ limits: { failing_closed_ms: 0, overrun_closed_ms } });
  await routes.failed(MODEL, { reason: 'failing', why: 'HTTP 500', closes: 'model' });
  return routes;
}

test('the one call that tries a model that failed is not sent either where a call overran meanwhile', async () => {
  const honest = await startStandIn();
  const routes = await dueRoutes(3_600_000);
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: honest.openai_url } },
    {
      routes,
      pause: (point) => {
        if (point === 'after hold') routes.overran(MODEL, one.workspace.id, 'transaction 1');
        return Promise.resolve();
      },
    },
  );
  expect(routes.of(MODEL, other.workspace.id).state).toBe('due');
  expect(await gate.generate(other, long, PRESENT)).toMatchObject({ code: 'no_model_allowed' });
  expect(honest.requests).toEqual([]);
  await honest.close();
});

test('where the one call that tries a model has to prove it first, and the provider fails at that, it closes anew at once and stays to be proven', async () => {
  const broken = await startStandIn({ misbehaviour: 'server_error' });
  const routes = await dueRoutes(0);
  const caller = bench.caller('PRO');
  const gate = bench.gate({ openai: { api_key: 'test', base_url: broken.openai_url } }, { routes });
  routes.overran(MODEL, bench.caller('PRO').workspace.id, 'transaction 1');
  expect(await gate.generate(caller, long, PRESENT)).toMatchObject({ code: 'provider_failed' });
  expect(broken.requests).toHaveLength(1);
  expect(routes.list()).toMatchObject([{ state: 'closed', reason: 'failing', proof: 'needed', probe: null }]);
  await broken.close();
});

test('after an overrun the probe is sent though nobody calls, by one server alone, and opens the model for everybody', async () => {
  const honest = await startStandIn();
  const [first, second] = [server(honest.openai_url, 0), server(honest.openai_url, 0)];
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  first.routes.overran(MODEL, one.workspace.id, 'transaction 1');
  await first.routes.refresh();
  await second.routes.refresh();
  expect(second.routes.of(MODEL, other.workspace.id).state).toBe('to_prove');
  await Promise.all([first.gate.proveRoutes(bench.catalog.models), second.gate.proveRoutes(bench.catalog.models)]);
  expect(honest.requests).toHaveLength(1);
  for (const { routes } of [first, second]) {
    await routes.refresh();
    expect(routes.of(MODEL, other.workspace.id).state).toBe('open');
    expect(routes.of(MODEL, one.workspace.id).state).toBe('closed');
  }
  await first.gate.proveRoutes(bench.catalog.models);
  expect(honest.requests).toHaveLength(1);
  await honest.close();
});

test.each([
  ['server_error', { state: 'closed', reason: 'failing', proof: 'needed' }],
  ['too_many_tokens', { state: 'closed', reason: 'overrun', proof: 'needed' }],
] as const)('a probe that meets %s is sent again only after a wait, and is no workspace’s', async (misbehaviour, known) => {
  const broken = await startStandIn({ misbehaviour });
  const { gate, routes } = server(broken.openai_url, 3_600_000);
  routes.overran(MODEL, bench.caller('PRO').workspace.id, 'transaction 1');
  await routes.refresh();
  await gate.proveRoutes(bench.catalog.models);
  expect(broken.requests).toEqual([]);
  await bench.database.pool.query('update routing.route_state set until = now()');
  await routes.refresh();
  await gate.proveRoutes(bench.catalog.models);
  const sent = broken.requests.length;
  expect(sent).toBeGreaterThan(0);
  await gate.proveRoutes(bench.catalog.models);
  expect(broken.requests).toHaveLength(sent);
  expect(routes.list()).toMatchObject([known]);
  expect(routes.list()[0]?.own).toHaveLength(1);
  await broken.close();
});
