import { RefusalError, type Refusal, refuse } from '@purser/base';
import { keepsLimit, type OutputLimitName, ProviderError } from '@purser/providers';
import type { Proof, RouteState } from '@purser/routing';

import type { Engine } from './deps.ts';
import type { Held } from './steps/hold.ts';

/** How the route to a model stands for a workspace. */
export function routeState(
  { routes, providers }: Pick<Engine, 'routes' | 'providers'>,
  model: Held['fitted']['model'],
  workspace: Held['hold']['workspace'],
): RouteState {
  return routes.of(model.id, workspace, providers.proof?.(model.provider)?.documented ?? true);
}

/**
 * The last look before a provider is called: a route that has closed since it was chosen, or that a probe shows not to keep its limit, is
 * not used. @throws RefusalError then, and the failure of a provider that did not answer the probe
 */
export async function proveRoute(engine: Engine, held: Held, stream: boolean, signal: AbortSignal): Promise<void> {
  const { model } = held.fitted;
  let now = routeState(engine, model, held.hold.workspace);
  if (now.state === 'to_prove') {
    await orAborted(
      engine.routes.prove(model.id, () => proofOf(engine, held, stream)),
      signal,
      model.provider,
    );
    now = routeState(engine, model, held.hold.workspace);
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

export function closedRefusal(models: readonly string[], { why, retry_ms }: RouteState): Refusal {
  const seconds = Math.max(1, Math.ceil(retry_ms / 1000));
  return refuse('no_model_allowed', `${models.join(', ')} is closed for now: ${why ?? 'not proven'}. Try again in ${seconds} s`, {
    retryAfterSeconds: seconds,
  });
}

/** The name of the output limit that the upstream of a call keeps, where a proof has found another than its usual one. */
export function outputLimitOf(engine: Engine, { fitted }: Held): OutputLimitName | undefined {
  return (engine.routes.outputLimit(fitted.model.id) as OutputLimitName | null) ?? undefined;
}
