import { isRefusal } from '@purser/base';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { CircuitBreakers, localBreakerStore, RouteStates, routeStore } from '@purser/routing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Answer, Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

let bench: GateBench;
let upstream: StandIn;
const open: RouteStates[] = [];
beforeAll(async () => {
  bench = await openGateBench();
  upstream = await startStandIn({ misbehaviour: 'too_many_tokens' });
});
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
function server(base_url: string, closed_ms: number): Server {
  const routes = new RouteStates({ closed_ms, workspace_closed_ms: 3_600_000, store: routeStore(bench.database.pool) });
  open.push(routes);
  return { gate: bench.gate({ openai: { api_key: 'test', base_url } }, { routes }), routes };
}

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
  const state = (): string => second.routes.of('openai/gpt-4o-mini', other.workspace.id, true).state;
  await expect.poll(state, { timeout: 15_000 }).toBe('to_prove');
  const answer = (await servedBy(second, other)) as Answer;
  expect(answer.model.provider).toBe('openai');
  expect(honest.requests).toHaveLength(2);
  expect(await servedBy(second, one)).toMatchObject({ code: 'no_model_allowed' });
  await honest.close();
});

test('a call whose model closes between its hold and its provider is not sent, and is not charged', async () => {
  const honest = await startStandIn();
  const routes = new RouteStates({ closed_ms: 3_600_000, workspace_closed_ms: 3_600_000 });
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: honest.openai_url } },
    {
      routes,
      pause: (point) => {
        if (point === 'after hold') routes.overran('openai/gpt-4o-mini', one.workspace.id, 'transaction 1');
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

/** The breaker of that model has opened, and its wait is over: the next call is the one that tries it. */
async function dueBreakers(): Promise<CircuitBreakers> {
  const breakers = new CircuitBreakers({
    store: localBreakerStore(),
    lease_ms: 60_000,
    read_every_ms: 0,
    limits: { failures_max: 1, open_ms: 1 },
  });
  const route = { provider: 'openai', model: 'openai/gpt-4o-mini' };
  await breakers.failed(route, { reason: 'failing', why: 'HTTP 500' });
  await expect.poll(() => breakers.of(route).state).toBe('due');
  return breakers;
}

test('the one call that tries a model whose breaker is due is not sent either where a call overran meanwhile', async () => {
  const honest = await startStandIn();
  const routes = new RouteStates({ closed_ms: 3_600_000, workspace_closed_ms: 3_600_000 });
  const [one, other] = [bench.caller('PRO'), bench.caller('PRO')];
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: honest.openai_url } },
    {
      routes,
      breakers: await dueBreakers(),
      pause: (point) => {
        if (point === 'after hold') routes.overran('openai/gpt-4o-mini', one.workspace.id, 'transaction 1');
        return Promise.resolve();
      },
    },
  );
  expect(await gate.generate(other, long, PRESENT)).toMatchObject({ code: 'no_model_allowed' });
  expect(honest.requests).toEqual([]);
  await honest.close();
});

test('where the one call that tries a model has to prove it first, and the provider fails at that, the breaker opens anew at once', async () => {
  const broken = await startStandIn({ misbehaviour: 'server_error' });
  const routes = new RouteStates({ closed_ms: 0, workspace_closed_ms: 0 });
  const breakers = await dueBreakers();
  const caller = bench.caller('PRO');
  routes.overran('openai/gpt-4o-mini', bench.caller('PRO').workspace.id, 'transaction 1');
  const gate = bench.gate({ openai: { api_key: 'test', base_url: broken.openai_url } }, { routes, breakers });
  expect(await gate.generate(caller, long, PRESENT)).toMatchObject({ code: 'provider_failed' });
  expect(broken.requests).toHaveLength(1);
  expect(breakers.list()).toMatchObject([{ state: 'open', openings: 2, probe: null }]);
  await broken.close();
});
