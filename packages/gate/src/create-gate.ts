import { isRefusal, type Refusal, refuse } from '@purser/core';
import type { Caller } from '@purser/identity';

import { clear, type Cleared } from './admit.ts';
import type { CallReport, Engine, GateDeps } from './deps.ts';
import type { Ask } from './draft.ts';
import type { Arrival, Gate } from './gate.ts';
import { askOf, generate } from './generate.ts';
import { InFlight } from './in-flight.ts';
import { countMistake } from './mistakes.ts';
import { chatCompletions } from './openai/chat-completions.ts';
import { askOfOpenAi } from './openai/request.ts';
import { Refused } from './refused.ts';
import { proveRoutes } from './route-access.ts';
import { arrive, countAction, countRefused } from './steps/rate.ts';
import { stream } from './stream.ts';

/** The only way to spend. */
export function createGate(deps: GateDeps): Gate {
  const inFlight = new InFlight((work, error) => deps.onBackgroundFailure?.(work, error));
  const engine: Engine = { ...deps, inFlight, refused: new Refused() };

  /** A call that is refused before the steps could be taken. */
  const mistaken = async (
    caller: Caller,
    user: string | undefined,
    refusal: Refusal,
    arrival: Arrival | undefined,
  ): Promise<Refusal> => countMistake(engine, caller, user, await countRefused(engine, caller, arrival, refusal));

  /** Both doors: the steps before the hold, then the call, watched from beginning to end. */
  const open = async <T>(
    caller: Caller,
    user: string | undefined,
    ask: Ask | Refusal,
    arrival: Arrival | undefined,
    door: string,
    run: (cleared: Cleared) => Promise<T | Refusal>,
  ): Promise<T | Refusal> => {
    if (isRefusal(ask)) return mistaken(caller, user, ask, arrival);
    if (inFlight.closed)
      return refuse('overloaded', 'this server is shutting down; another one will answer', { retryAfterSeconds: 1 });
    const started = performance.now();
    const { idempotency } = ask;
    // A key is of one door: the same bytes at another ask for something else.
    const keyed = idempotency
      ? { ...ask, idempotency: { ...idempotency, request_hash: `${door} ${idempotency.request_hash}` } }
      : ask;
    const cleared = await clear(engine, keyed);
    const served = isRefusal(cleared) ? cleared : await run(cleared);
    // Who names the most it may cost wants to be refused rather than to pay more.
    const result = isRefusal(served) && !ask.cost_max ? await countMistake(engine, caller, user, served) : served;
    deps.observe?.(reportOf(ask, cleared, result, performance.now() - started));
    return result;
  };

  /** A call that is refused before it says what it wants counts in the figures too. */
  const told = <T extends Arrival | Refusal | undefined>({ workspace }: Caller, arrived: T): T => {
    if (arrived !== undefined && isRefusal(arrived)) {
      const plan = workspace?.plan ?? '';
      deps.observe?.({ operation: 'unread', plan, workspace, outcome: arrived.code, model: null, duration_ms: 0 });
    }
    return arrived;
  };

  return {
    generate: (caller, request, signal) =>
      inFlight.track(
        open(caller, undefined, askOf(caller, request), request.arrival, 'generate', (cleared) =>
          generate(engine, cleared, request, signal),
        ),
      ),
    stream: (caller, request, signal) =>
      inFlight.track(
        open(caller, undefined, askOf(caller, request), request.arrival, 'generate', (cleared) =>
          stream(engine, cleared, request, signal),
        ),
      ),
    chatCompletions: (caller, request, signal) =>
      inFlight.track(
        open(caller, request.body.user, askOfOpenAi(caller, request, engine.providers), request.arrival, 'chat', (cleared) =>
          chatCompletions(engine, cleared, request.body, signal),
        ),
      ),
    arrive: (caller, user) => {
      const arrived = arrive(engine, caller, user);
      return arrived instanceof Promise ? arrived.then((one) => told(caller, one)) : told(caller, arrived);
    },
    act: (caller, user) => countAction(engine, caller, user),
    mistaken: (caller, refusal, arrival) => mistaken(caller, undefined, refusal, arrival),
    proveRoutes: (models) => proveRoutes(engine, models),
    settled: (timeout_ms) => {
      engine.meters.hurry();
      return inFlight.settled(timeout_ms);
    },
    drain: (timeout_ms) => {
      engine.meters.hurry();
      return inFlight.drain(timeout_ms);
    },
  };
}

function reportOf(ask: Ask, cleared: Cleared | Refusal, result: unknown, duration_ms: number): CallReport {
  return {
    operation: isRefusal(cleared) ? (ask.operation ?? 'unread') : cleared.draft.operation.name,
    plan: ask.caller.workspace?.plan ?? '',
    workspace: ask.caller.workspace,
    outcome: isRefusal(result) ? result.code : 'ok',
    model: isRefusal(cleared) ? null : (cleared.candidates[0]?.id ?? null),
    duration_ms,
  };
}
