import type { Refusal } from '@purser/core';
import { featureRefusal } from '@purser/gate';
import type { Caller } from '@purser/identity';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';

import type { ServerDeps } from './deps.ts';

/**
 * Why a caller's workspace may not use the feature a route belongs to, or nothing: plan, license and ladders are asked before the
 * body is read. What a route spends goes through the gate, which asks the same again.
 */
export function refusedFeature(
  { policyOf, clock }: Pick<ServerDeps, 'policyOf' | 'clock'>,
  { workspace }: Caller,
  request: FastifyRequest,
  feature: NonNullable<FastifyContextConfig['feature']>,
): Refusal | undefined {
  if (workspace === undefined) return undefined;
  return featureRefusal(policyOf(workspace, clock.now()), typeof feature === 'string' ? feature : feature(request));
}
