import type { ModelEntry } from '@purser/catalog';
import { doneWithin, PLATFORM, RefusalError } from '@purser/core';
import { ProviderError } from '@purser/providers';
import type { Probe, Proof, RouteStatus } from '@purser/routing';

import type { Held } from '../admission/held.ts';
import { closedRefusal, routeOf, routeStatusOf } from '../admission/route-status.ts';
import type { Engine } from '../deps.ts';
import { noteProbeFailure } from './route-outcome.ts';
import type { Serving } from './serving.ts';

/** The right to be the one call that tries a route; undefined where there is nothing to try. @throws RefusalError when another tries it */
export async function claimRoute(engine: Engine, { draft, fitted, hold }: Held): Promise<Probe | undefined> {
  const look = () => routeStatusOf(engine, draft.ask.task, fitted.model, hold.workspace);
  const { state } = look();
  if (state !== 'due' && state !== 'to_prove') return undefined;
  const probe = await engine.routes.claim(routeOf(fitted.model), hold.workspace);
  if (probe !== null) return probe;
  throw new RefusalError(closedRefusal([fitted.model.id], look()));
}

/** Of a task whose limits nobody can try by a probe: after its wait one call goes there again, within its hold. */
const TRUSTED: Proof = { kept: true, output_limit: null };

/**
 * The last look before a provider is called: a route that has closed since it was chosen, or that a probe shows not to keep its limit, is
 * not used. @throws RefusalError then, and the failure of a provider that did not answer the probe
 */
export async function proveRoute(engine: Engine, { held, time, probe }: Serving, stream: boolean): Promise<void> {
  const { model } = held.fitted;
  const { task } = held.draft.ask;
  const look = (): RouteStatus => routeStatusOf(engine, task, model, held.hold.workspace, probe);
  let now = look();
  if (now.state === 'to_prove') {
    const run = () => task.limits?.prove(model, stream) ?? Promise.resolve(TRUSTED);
    await orAborted(engine.routes.prove(routeOf(model), run, probe), time.signal, model.provider);
    now = look();
  }
  if (now.state === 'closed' || now.state === 'to_prove') throw new RefusalError(closedRefusal([model.id], now));
}

/**
 * Sends the probes that are due: a model that overran is not closed until somebody happens to want it. One server does, whichever looks first.
 * It is streamed, as it is then cut off soonest where it overruns.
 */
export async function proveRoutes(engine: Engine, models: readonly ModelEntry[]): Promise<void> {
  for (const route of engine.routes.toProve()) {
    const model = models.find(({ id, provider }) => id === route.model && provider === route.provider);
    const task = model && engine.tasks.get(model.task);
    if (model === undefined || task?.limits === undefined || !task.offeredBy().has(route.provider)) continue;
    const { limits } = task;
    const probe = await engine.routes.claim(route, PLATFORM);
    if (!probe) continue;
    try {
      await engine.routes.prove(route, () => limits.prove(model, true), probe);
      engine.routes.served(route, PLATFORM, probe);
    } catch (error) {
      await noteProbeFailure(engine, route, probe, error);
    }
  }
}

/** A caller waits for the probe no longer than for its own call, of which nothing has been sent yet. */
async function orAborted(work: Promise<unknown>, signal: AbortSignal, provider: string): Promise<void> {
  if (await doneWithin(work, signal)) return;
  throw new ProviderError(provider, 'did not answer in time', { kind: 'timeout', billed: 'no' });
}
