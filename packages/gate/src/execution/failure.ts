import { type Refusal, RefusalError } from '@purser/core';
import { NO_REPORT, ProviderError, type UsageReport } from '@purser/providers';

import type { Held } from '../admission/held.ts';
import type { Engine } from '../deps.ts';
import { endingOf } from './ending.ts';
import { isProvokable, refusalOf } from './provider-failure.ts';
import { noteFailure, noteOverrun } from './route-outcome.ts';
import type { Serving, Start } from './serving.ts';
import { type Attempt, billOf, book, type BookedEnding, endUnserved } from './settle.ts';
import { keepWithinBound } from './unresolved-bound.ts';

export function startOf(engine: Engine): Start {
  return { at: engine.clock.now(), ms: performance.now() };
}

export function attemptOf(start: Start, outcome: string, more: Partial<Attempt> = {}): Attempt {
  return {
    started_at: start.at,
    duration_ms: performance.now() - start.ms,
    outcome,
    model_version: null,
    request_id: null,
    ...more,
  };
}

/**
 * Ends the hold of a call that a provider did not serve, by what the provider may have billed: nothing → void, else as `endingOf` says.
 * The customer is charged in none of these. Returns what the caller is told.
 */
export async function endFailed(engine: Engine, serving: Serving, error: unknown): Promise<Refusal> {
  const { held, start } = serving;
  // First, so that no call that is asked for from now on follows this one.
  await noteFailure(engine, serving, error);
  if (error instanceof RefusalError) {
    await endUnserved(engine, held, attemptOf(start, 'not sent'), { kind: 'void' });
    return error.refusal;
  }
  if (!(error instanceof ProviderError)) {
    // A fault of ours, perhaps after the provider had begun: nobody can tell what it cost.
    await endUnserved(engine, held, attemptOf(start, 'fault'), { kind: 'unresolved' });
    throw error;
  }
  if (error.overlong) {
    noteOverrun(engine, held, `the answer of transaction ${held.hold.id} was longer than its output limit allows`);
  }
  const attempt = attemptOf(start, error.kind, { request_id: error.request_id ?? null });
  if (error.billed === 'no') await endUnserved(engine, held, attempt, { kind: 'void' });
  else {
    const ending = endingOf(held, reportOf(error), error.delivered !== '', 'failed');
    if (ending.kind === 'unresolved') {
      await endUnserved(engine, held, attempt, { kind: 'unresolved', ...whyUnresolved(serving, error) });
      // Should it fail, whoever composes the gate looks again soon.
      await keepWithinBound(engine, held.draft.catalog, error.provider).catch(() => {});
    } else await bookUncharged(engine, held, attempt, ending);
  }
  return refusalOf(error);
}

/** As `endFailed`, for a stream that has begun: no other provider is asked, so the call ends with it. */
export async function endBroken(engine: Engine, serving: Serving, error: unknown): Promise<Refusal> {
  const refusal = await endFailed(engine, serving, error);
  serving.held.draft.watch.end(refusal.code);
  return refusal;
}

/**
 * Whose doing it is that nobody knows the cost. What a provider breaks off takes nothing from the caller's ceiling; what a caller can bring
 * about (an answer longer than the time of a call, or than is read) does beyond a little; a caller that left pays for leaving.
 */
function whyUnresolved({ time }: Serving, error: ProviderError): { why?: 'outage' | 'timeout' } {
  if (time.clientLeft) return {};
  return { why: isProvokable(error) ? 'timeout' : 'outage' };
}

/** Books what a call cost that is sold to nobody: its key is free, for the next provider now or for the caller who asks again. */
export async function bookUncharged(engine: Engine, held: Held, attempt: Attempt, ending: BookedEnding): Promise<void> {
  await book(engine, held, attempt, ending, billOf(held, ending, 'nothing'));
  if (held.hold.idempotency) await engine.meters.giveBackKey(held.hold.id);
}

/** What a failed call reported of its usage. */
export function reportOf({ billed, at_least }: ProviderError): UsageReport {
  if (billed !== 'no' && billed !== 'unknown') return { certainty: 'final', usage: billed };
  return at_least === undefined ? NO_REPORT : { certainty: 'at_least', usage: at_least };
}
