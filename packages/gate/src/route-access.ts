import { doneWithin, PLATFORM, RefusalError, type Refusal, refuse } from '@purser/core';
import { keepsLimit, type OutputLimitName, ProviderError } from '@purser/providers';
import type { Probe, Proof, RouteStanding } from '@purser/routing';

import type { Engine } from './deps.ts';
import { noteProbeFailure, routeOf } from './route-outcome.ts';
import type { Serving } from './serve.ts';
import type { Held } from './steps/hold.ts';

type Model = Held['fitted']['model'];

/** How the route to a model stands for a call of the workspace. `probe`: of the call that asks, if it is the one that tries it. */
export function standingOf(
  { routes, providers }: Pick<Engine, 'routes' | 'providers'>,
  model: Model,
  workspace: Held['hold']['workspace'],
  probe?: Probe,
): RouteStanding {
  return routes.of(routeOf(model), workspace, isDocumented(providers, model.provider), probe);
}

/** A provider of which nothing else is known keeps the output limit that is sent. */
function isDocumented(providers: Engine['providers'], provider: string): boolean {
  return providers.proof?.(provider)?.documented ?? true;
}

/** The right to be the one call that tries a route; undefined where there is nothing to try. @throws RefusalError when another tries it */
export async function claimRoute(engine: Engine, { fitted, hold }: Held): Promise<Probe | undefined> {
  const { state } = standingOf(engine, fitted.model, hold.workspace);
  if (state !== 'due' && state !== 'to_prove') return undefined;
  const probe = await engine.routes.claim(routeOf(fitted.model), hold.workspace);
  if (probe !== null) return probe;
  throw new RefusalError(closedRefusal([fitted.model.id], standingOf(engine, fitted.model, hold.workspace)));
}

/**
 * The last look before a provider is called: a route that has closed since it was chosen, or that a probe shows not to keep its limit, is
 * not used. @throws RefusalError then, and the failure of a provider that did not answer the probe
 */
export async function proveRoute(engine: Engine, { held, time, probe }: Serving, stream: boolean): Promise<void> {
  const { model } = held.fitted;
  const look = (): RouteStanding => standingOf(engine, model, held.hold.workspace, probe);
  let now = look();
  if (now.state === 'to_prove') {
    const run = () => proofOf(engine, model, stream);
    await orAborted(engine.routes.prove(routeOf(model), run, probe), time.signal, model.provider);
    now = look();
  }
  if (now.state === 'closed' || now.state === 'to_prove') throw new RefusalError(closedRefusal([model.id], now));
}

/**
 * Sends the probes that are due: a model that overran is not closed until somebody happens to want it. One server does, whichever looks first.
 * It is streamed, as it is then cut off soonest where it overruns.
 */
export async function proveRoutes(engine: Engine, models: readonly Model[]): Promise<void> {
  for (const route of engine.routes.toProve()) {
    const model = models.find(({ id, provider }) => id === route.model && provider === route.provider);
    if (model === undefined || engine.providers.get(route.provider) === undefined) continue;
    const probe = await engine.routes.claim(route, PLATFORM);
    if (!probe) continue;
    try {
      await engine.routes.prove(route, () => proofOf(engine, model, true), probe);
      engine.routes.served(route, PLATFORM, probe);
    } catch (error) {
      await noteProbeFailure(engine, route, probe, error);
    }
  }
}

/** Tries each name that the provider's servers may know the output limit by, its usual one first. */
async function proofOf(engine: Engine, { provider: id, name: model }: Model, stream: boolean): Promise<Proof> {
  const provider = engine.providers.get(id);
  const names = engine.providers.proof?.(id)?.names ?? [];
  let refused: ProviderError | undefined;
  let overran = false;
  for (const output_limit of names.length === 0 ? [undefined] : names) {
    // Of its own time: many callers wait for it, and one that leaves must not end it for the others.
    const signal = AbortSignal.timeout(engine.call_timeout_ms);
    const call = { provider: id, model, stream, signal, ...(output_limit === undefined ? {} : { output_limit }) };
    try {
      if (provider && (await keepsLimit(provider, call))) return { kept: true, output_limit: output_limit ?? null };
      overran = true;
    } catch (error) {
      // A server may refuse a name that it does not know; any other failure says nothing about the limit.
      if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
      refused ??= error;
    }
  }
  if (refused !== undefined && !overran) throw refused;
  return { kept: false, why: 'it does not keep the output limit: a probe asked for a short answer and got a long one' };
}

/** A caller waits for the probe no longer than for its own call, of which nothing has been sent yet. */
async function orAborted(work: Promise<unknown>, signal: AbortSignal, provider: string): Promise<void> {
  if (await doneWithin(work, signal)) return;
  throw new ProviderError(provider, 'did not answer in time', { kind: 'timeout', billed: 'no' });
}

/** Why a model is closed is for operators: it may name a call of another workspace. */
export function closedRefusal(models: readonly string[], { reason, retry_ms }: RouteStanding): Refusal {
  const seconds = Math.max(1, Math.ceil(retry_ms / 1000));
  const wait = { retryAfterSeconds: seconds };
  const names = models.join(', ');
  if (reason !== null && reason !== 'overrun')
    return refuse(
      'provider_failed',
      `${names} fails at the moment and is not asked; nothing was charged. Try again in ${seconds} s`,
      wait,
    );
  return refuse(
    'no_model_allowed',
    `${names} is closed until it is proven to keep its output limit. Try again in ${seconds} s`,
    wait,
  );
}

/** The name of the output limit that the upstream of a call keeps, where a probe has found another than its usual one. */
export function outputLimitOf(engine: Engine, { fitted }: Held): OutputLimitName | undefined {
  return (engine.routes.outputLimit(routeOf(fitted.model)) as OutputLimitName | null) ?? undefined;
}
