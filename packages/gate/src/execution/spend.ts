import { BrokenInvariant, type Refusal } from '@purser/core';

import type { Cleared } from '../admission/admit.ts';
import type { Engine } from '../deps.ts';
import type { Spent } from '../gate.ts';
import type { Fitted, Outcome, TaskCall } from '../tasks/task.ts';
import { endingOf } from './ending.ts';
import { attemptOf } from './failure.ts';
import { keptFrom, spentFromKept } from './kept.ts';
import { noteServed } from './route-outcome.ts';
import { serve } from './serve.ts';
import type { Serving } from './serving.ts';
import { billOf, book, type Booked } from './settle.ts';

/** Runs one call of any task to its end and settles it. */
export async function spend<Result>(engine: Engine, cleared: Cleared, client: AbortSignal): Promise<Spent<Result> | Refusal> {
  const { task } = cleared.draft.ask;
  return serve<Spent<Result>, Fitted>(
    engine,
    cleared,
    { signal: client, stream: false },
    async (serving) => {
      const outcome = await task.run(taskCall(serving));
      serving.time.end();
      return settleOutcome(engine, serving, outcome as Outcome<Result>);
    },
    (kept) => spentFromKept(task, kept),
  );
}

/** What the task is told of a call. */
export function taskCall<F extends Fitted>({ held, time }: Serving<F>): TaskCall<unknown, F> {
  const { draft, fitted, hold } = held;
  return { input: draft.input, fitted, operation: draft.operation, transaction: hold.id, signal: time.signal };
}

/**
 * Settles a call that the provider finished. One with nothing in it is charged to nobody; under a key it is not kept, so that asking
 * again asks again.
 */
export async function settleOutcome<Result>(
  engine: Engine,
  serving: Serving,
  outcome: Outcome<Result>,
  how: 'ok' | 'stopped' = 'ok',
): Promise<Spent<Result>> {
  noteServed(engine, serving);
  const { held, start } = serving;
  const { task } = held.draft.ask;
  const ending = endingOf(held, outcome.usage, true, 'served');
  if (ending.kind === 'unresolved') throw new BrokenInvariant('a whole answer has a cost');
  const empty = outcome.empty === true;
  const attempt = attemptOf(start, empty ? 'empty' : how, {
    model_version: outcome.model.version ?? null,
    request_id: outcome.request_id ?? null,
  });
  const bill = billOf(held, ending, empty ? 'nothing' : 'served');
  const { model } = held.fitted;
  const complete = (credits: Booked): Spent<Result> => ({
    id: bill.id,
    transaction_id: bill.id,
    model: { provider: model.provider, name: outcome.model.name, version: outcome.model.version ?? model.version },
    usage: ending.usage,
    cost: bill.cost,
    credits,
    degraded: bill.degraded,
    offline: bill.offline,
    replayed: false,
    result: outcome.result,
  });
  const keyed = held.hold.idempotency !== undefined && !empty;
  // Only the settle knows the balance, and writes it beside what is kept here.
  const kept = keyed ? keptFrom(task, complete({ charged: bill.charged, balance: 0n }), start.at) : undefined;
  const whole = complete(await book(engine, held, attempt, ending, bill, { kept }));
  if (empty && held.hold.idempotency) await engine.meters.giveBackKey(held.hold.id);
  return whole;
}
