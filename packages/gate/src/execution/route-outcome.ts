import { PLATFORM, type WorkspaceId } from '@purser/core';
import { ProviderError } from '@purser/providers';
import type { Failure, Probe, Route } from '@purser/routing';

import type { Draft } from '../admission/draft.ts';
import type { Held } from '../admission/held.ts';
import { routeOf } from '../admission/route-status.ts';
import type { Engine } from '../deps.ts';
import { isCallersOwn, isProvokable, whyOf, wordsOf } from './provider-failure.ts';
import type { Serving } from './serving.ts';

/** From then on a workspace that pays nothing bears witness for the others too: nobody makes some in a day to close a model by. */
const INDEPENDENT_AFTER_MS = 86_400_000;

/** Of a stream when it has come to its end: one that breaks off was not served, however well it began. */
export function noteServed({ routes }: Engine, { held, probe }: Serving): void {
  routes.served(routeOf(held.fitted.model), held.hold.workspace, probe);
}

/** A call cost more than its hold. */
export function noteOverrun({ routes }: Engine, { fitted, hold }: Held, why: string): void {
  routes.overran(routeOf(fitted.model), hold.workspace, why);
}

/** Notes a failed call against its route, as far as it is the provider's, and tells the operator. */
export async function noteFailure(engine: Engine, { held, start, probe, time }: Serving, error: unknown): Promise<void> {
  const route = routeOf(held.fitted.model);
  // A caller that left before the answer, and what never reached the provider, say nothing about it.
  const tells = error instanceof ProviderError && !(time.clientLeft && error.kind === 'timeout');
  if (!tells) {
    if (probe) await engine.routes.returned(probe);
    return;
  }
  engine.onProviderFailure?.({
    ...route,
    kind: error.kind,
    status: error.status ?? null,
    words: wordsOf(error) ?? null,
    request_id: error.request_id ?? null,
    billed: typeof error.billed === 'string' ? error.billed : 'reported',
    hold: held.hold.id,
  });
  // Only a key is at its end: the next call goes by another one.
  if (error.another_key) {
    if (probe) await engine.routes.returned(probe);
    return;
  }
  await judge(engine, route, error, probe, {
    workspace: held.hold.workspace,
    independent: isIndependent(held.draft),
    together_ms: isProvokable(error) ? start.ms : undefined,
  });
}

/** Notes what came of a probe of ours, which is no workspace's. @throws what is no failure of the provider's */
export async function noteProbeFailure(engine: Engine, route: Route, probe: Probe, error: unknown): Promise<void> {
  if (error instanceof ProviderError) return judge(engine, route, error, probe, undefined);
  await engine.routes.returned(probe);
  throw error;
}

interface Doer {
  readonly workspace: WorkspaceId;
  readonly independent: boolean;
  readonly together_ms: number | undefined;
}

async function judge(
  { routes }: Engine,
  route: Route,
  error: ProviderError,
  probe: Probe | undefined,
  by: Doer | undefined,
): Promise<void> {
  if (isAnswer(error)) {
    routes.served(route, by?.workspace ?? PLATFORM, probe);
    return;
  }
  const failure = failureOf(error);
  const whose = by && { by: by.workspace, independent: by.independent, together_ms: by.together_ms };
  await routes.failed(route, { ...failure, ...whose, probe });
}

/** The provider works: it said what is wrong with the call, or what an answer with nothing in it cost. */
function isAnswer(error: ProviderError): boolean {
  return isCallersOwn(error) || (error.kind === 'refused' && error.status === undefined) || typeof error.billed !== 'string';
}

/**
 * A key that is not known, or an account without money, is of no use with any model; a model that is no more is of no use to anybody. What is
 * forbidden (403) may be one prompt before a firewall, so it closes the model for its workspace, and for all by what others meet.
 */
function failureOf(error: ProviderError): Failure {
  const why = whyOf(error);
  if (error.blame === 'account') return { reason: 'key', why, closes: 'provider' };
  if (error.blame === 'model') return { reason: 'key', why, closes: error.status === 403 ? 'workspace' : 'model' };
  return error.blame === 'no_model' ? { reason: 'failing', why, closes: 'model' } : { reason: 'failing', why };
}

function isIndependent({ workspace, policy, now }: Draft): boolean {
  return policy.plan.price.nanos > 0n || now.epochMilliseconds - workspace.created_at.epochMilliseconds >= INDEPENDENT_AFTER_MS;
}
