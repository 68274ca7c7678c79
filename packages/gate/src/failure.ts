import { type Refusal, RefusalError } from '@purser/base';
import { NO_USAGE, type Usage } from '@purser/money';
import { ProviderError } from '@purser/providers';

import type { Engine } from './deps.ts';
import { type Attempt, billOf, book, endUnserved } from './settle.ts';
import { noteFailure, refusalOf } from './provider-failure.ts';
import type { Serving } from './serve.ts';
import { keepWithinBound } from './unresolved-bound.ts';

/** When a physical call began. */
export interface Start {
  readonly at: Temporal.Instant;
  readonly ms: number;
}

export function startOf(engine: Engine): Start {
  return { at: engine.clock.now(), ms: performance.now() };
}

export function attemptOf(start: Start, outcome: string, usage: Usage | null, more: Partial<Attempt> = {}): Attempt {
  return {
    started_at: start.at,
    duration_ms: performance.now() - start.ms,
    outcome,
    model_version: null,
    request_id: null,
    usage: usage ?? NO_USAGE,
    estimated: false,
    ...more,
  };
}

/**
 * Ends the hold of a call that a provider did not serve, by what the provider may have billed: nothing → void, a reported usage →
 * its cost is booked, unknown → unresolved. The customer is charged in none of these. Returns what the caller is told.
 */
export async function endFailed(engine: Engine, serving: Serving, error: unknown): Promise<Refusal> {
  const { held, start } = serving;
  // First, so that no call that is asked for from now on follows this one.
  await noteFailure(engine, serving, error);
  if (error instanceof RefusalError) {
    await endUnserved(engine, held, attemptOf(start, 'not sent', null), { kind: 'void' });
    return error.refusal;
  }
  if (!(error instanceof ProviderError)) {
    // A fault of ours, perhaps after the provider had begun: nobody can tell what it cost.
    await endUnserved(engine, held, attemptOf(start, 'fault', null), { kind: 'doubt' });
    throw error;
  }
  const attempt = attemptOf(start, error.kind, error.billed === 'no' || error.billed === 'unknown' ? null : error.billed, {
    request_id: error.request_id ?? null,
  });
  if (error.billed === 'no') await endUnserved(engine, held, attempt, { kind: 'void' });
  else if (error.billed === 'unknown') {
    await endUnserved(engine, held, attempt, { kind: 'doubt', ...whyUnresolved(serving, error) });
    // Should it fail, whoever composes the gate looks again soon.
    await keepWithinBound(engine, held.draft.catalogue, error.provider).catch(() => {});
  } else {
    await book(engine, held, attempt, billOf(held, attempt, 'nothing'));
    // Nothing was charged under it, so the key is free: for the next provider now, or for the caller who asks again.
    if (held.hold.idempotency) await engine.meters.giveBackKey(held.hold.id);
  }
  return refusalOf(error);
}

/**
 * Whose doing it is that nobody knows the cost. What a provider breaks off takes nothing from the caller's ceiling; what a caller can bring
 * about (an answer longer than the time of a call, or than is read) does beyond a little; a caller that left pays for leaving.
 */
function whyUnresolved({ time }: Serving, { kind }: ProviderError): { why?: 'outage' | 'timeout' } {
  if (time.clientLeft) return {};
  return { why: kind === 'timeout' || kind === 'garbage' ? 'timeout' : 'outage' };
}
