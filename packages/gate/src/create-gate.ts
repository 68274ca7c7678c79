import { isRefusal, type Refusal, refuse } from '@purser/base';
import type { Caller } from '@purser/identity';

import { clear, type Cleared } from './admit.ts';
import type { CallReport, Engine, GateDeps } from './deps.ts';
import type { Ask } from './draft.ts';
import type { Gate } from './gate.ts';
import { askOf, generate } from './generate.ts';
import { InFlight } from './in-flight.ts';
import { countMistake } from './mistakes.ts';
import { chatCompletions } from './openai/chat-completions.ts';
import { askOfOpenAi } from './openai/request.ts';
import { stream } from './stream.ts';

/** The only way to spend. */
export function createGate(deps: GateDeps): Gate {
  const inFlight = new InFlight((work, error) => deps.onBackgroundFailure?.(work, error));
  const engine: Engine = { ...deps, inFlight };

  /** Both doors: the steps before the hold, then the call, watched from beginning to end. */
  const open = async <T>(
    caller: Caller,
    user: string | undefined,
    ask: Ask | Refusal,
    door: string,
    run: (cleared: Cleared) => Promise<T | Refusal>,
  ): Promise<T | Refusal> => {
    if (isRefusal(ask)) return countMistake(engine, caller, user, ask);
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

  return {
    generate: (caller, request, signal) =>
      inFlight.track(
        open(caller, undefined, askOf(caller, request), 'generate', (cleared) => generate(engine, cleared, request, signal)),
      ),
    stream: (caller, request, signal) =>
      inFlight.track(
        open(caller, undefined, askOf(caller, request), 'generate', (cleared) => stream(engine, cleared, request, signal)),
      ),
    chatCompletions: (caller, request, signal) =>
      inFlight.track(
        open(caller, request.body.user, askOfOpenAi(caller, request), 'chat', (cleared) =>
          chatCompletions(engine, cleared, request.body, signal),
        ),
      ),
    mistaken: (caller, user, refusal) => countMistake(engine, caller, user, refusal),
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
    operation: ask.operation,
    plan: ask.caller.workspace?.plan ?? '',
    workspace: ask.caller.workspace,
    outcome: isRefusal(result) ? result.code : 'ok',
    model: isRefusal(cleared) ? null : (cleared.candidates[0]?.id ?? null),
    duration_ms,
  };
}
