import type { Refusal } from '@purser/base';
import { featureRefusal } from '@purser/gate';
import type { Caller } from '@purser/identity';
import type { FastifyRequest } from 'fastify';

import type { ServerDeps } from '../deps.ts';

/**
 * Why a caller's workspace may not use the feature a route belongs to, or nothing: plan, licence and ladders are asked before the
 * body is read. What a route spends goes through the gate, which asks the same again.
 */
export function refusedFeature(
  { policyOf, clock }: Pick<ServerDeps, 'policyOf' | 'clock'>,
  caller: Caller,
  request: FastifyRequest,
): Refusal | undefined {
  const { feature } = request.routeOptions.config;
  if (feature === undefined || caller.workspace === undefined) return undefined;
  const policy = policyOf(caller.workspace, clock.now());
  return featureRefusal(policy, typeof feature === 'string' ? feature : feature(request));
}
