import { RefusalError, type Refusal, refuse } from '@purser/base';
import { keepsLimit, type OutputLimitName, ProviderError } from '@purser/providers';
import type { Probe, Proof, RouteState } from '@purser/routing';

import type { Engine } from './deps.ts';
import type { Serving } from './serve.ts';
import type { Held } from './steps/hold.ts';

/** What stands against a route: a breaker that is open, or a cost that was more than held. `due`: one call may try it. `why` is for operators. */
export interface Standing extends RouteState {
  readonly breaker: 'closed' | 'due' | 'open';
}

/** How the route to a model stands for a workspace. `claimed`: for the one call that may try it although its breaker is open. */
export function routeState(
  { routes, providers, breakers }: Pick<Engine, 'routes' | 'providers' | 'breakers'>,
  model: Held['fitted']['model'],
  workspace: Held['hold']['workspace'],
  claimed = false,
): Standing {
  const { state: breaker, retry_ms, why } = breakers.of({ provider: model.provider, model: model.id }, workspace);
  if (breaker === 'open' && !claimed) return { state: 'closed', why, retry_ms, breaker };
  const route = routes.of(model.id, workspace, providers.proof?.(model.provider)?.documented ?? true);
  return { ...route, breaker: claimed ? 'due' : breaker };
}

/** The right to be the one call that tries a route whose breaker is due; undefined where it is closed. @throws RefusalError when another tries it */
export async function claimRoute({ breakers }: Engine, { fitted, hold }: Held): Promise<Probe | undefined> {
  const route = { provider: fitted.model.provider, model: fitted.model.id };
  if (breakers.of(route, hold.workspace).state !== 'due') return undefined;
  const probe = await breakers.claim(route, hold.workspace);
  if (probe !== null) return probe;
  const { retry_ms } = breakers.of(route, hold.workspace);
  throw new RefusalError(closedRefusal([route.model], { state: 'closed', why: null, retry_ms, breaker: 'open' }));
}

/**
 * The last look before a provider is called: a route that has closed since it was chosen, or that a probe shows not to keep its limit, is
 * not used. @throws RefusalError then, and the failure of a provider that did not answer the probe
 */
export async function proveRoute(engine: Engine, { held, time, probe }: Serving, stream: boolean): Promise<void> {
  const { model } = held.fitted;
  const look = (): Standing => routeState(engine, model, held.hold.workspace, probe !== undefined);
  let now = look();
  if (now.state === 'to_prove') {
    await orAborted(
      engine.routes.prove(model.id, () => proofOf(engine, held, stream)),
      time.signal,
      model.provider,
    );
    now = look();
  }
  if (now.state === 'closed') throw new RefusalError(closedRefusal([model.id], now));
}

/** Tries each name that the provider's servers may know the output limit by, its usual one first. */
async function proofOf(engine: Engine, held: Held, stream: boolean): Promise<Proof> {
  const { provider: id, name: model } = held.fitted.model;
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
  let leave: (() => void) | undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(new ProviderError(provider, 'did not answer in time', { kind: 'timeout', billed: 'no' }));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    await Promise.race([work, left]);
  } finally {
    if (leave) signal.removeEventListener('abort', leave);
  }
}

/** Why a model is closed is for operators: it may name a call of another workspace. */
export function closedRefusal(models: readonly string[], { retry_ms, breaker }: Standing): Refusal {
  const seconds = Math.max(1, Math.ceil(retry_ms / 1000));
  const wait = { retryAfterSeconds: seconds };
  const names = models.join(', ');
  if (breaker === 'open')
    return refuse('provider_failed', `${names} fails at the moment and is not asked. Try again in ${seconds} s`, wait);
  return refuse(
    'no_model_allowed',
    `${names} is closed until it is proven to keep its output limit. Try again in ${seconds} s`,
    wait,
  );
}

/** The name of the output limit that the upstream of a call keeps, where a proof has found another than its usual one. */
export function outputLimitOf(engine: Engine, { fitted }: Held): OutputLimitName | undefined {
  return (engine.routes.outputLimit(fitted.model.id) as OutputLimitName | null) ?? undefined;
}
