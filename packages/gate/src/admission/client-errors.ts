import type { Refusal } from '@purser/core';
import type { Caller } from '@purser/identity';

import type { Engine } from '../deps.ts';
import { failingUser } from './rate.ts';

/**
 * What counts as a failure of its user (C4): a request that was wrong in itself. Not what money, quotas, rates or a plan refuse, which
 * the user may well try again after a payment or a wait, and nothing that a provider or we have failed at.
 */
const MISTAKES: ReadonlySet<string> = new Set(['invalid_request', 'request_too_large', 'idempotency_mismatch']);

/** Counts a refused request against its user if it was the user's mistake. Returns what the user is told: the refusal, or that it is kept out. */
export async function countClientError(
  engine: Pick<Engine, 'clock' | 'policyOf' | 'rates'>,
  caller: Caller,
  user: string | undefined,
  refusal: Refusal,
): Promise<Refusal> {
  const { workspace } = caller;
  if (workspace === undefined || refusal.provider !== undefined || !MISTAKES.has(refusal.code)) return refusal;
  const now = engine.clock.now();
  const subject = failingUser(engine.policyOf(workspace, now), caller.actor, caller.user ?? user);
  return (subject && (await engine.rates.fail({ scope: workspace.id, subject, now }))) ?? refusal;
}
