import { type Refusal, refuse } from '@purser/core';

import type { Cleared } from '../admission/admit.ts';
import type { Engine } from '../deps.ts';
import type { Spent, Streamed, StreamedPart } from '../gate.ts';
import type { Fitted, Outcome, Piece, TaskEvent } from '../tasks/task.ts';
import { endBroken } from './failure.ts';
import { trackStream } from './in-flight.ts';
import { type Kept, spentFromKept } from './kept.ts';
import { endLeft } from './left.ts';
import { serve } from './serve.ts';
import type { Serving } from './serving.ts';
import { servedCall } from './settle.ts';
import { settleOutcome, taskCall } from './spend.ts';

/** How an endpoint wants the last part of a stream. */
type EndOf<Result, End> = (spent: Spent<Result>) => End;

/**
 * Starts a stream of a task that can. Until its first event a provider that fails is replaced by the next; afterwards its failure is the
 * last part. `again`: the parts of an answer that was kept.
 */
export async function stream<Result, End, P extends Piece = Piece>(
  engine: Engine,
  cleared: Cleared,
  client: AbortSignal,
  endOf: EndOf<Result, End>,
  again: (spent: Spent<Result>) => AsyncIterable<StreamedPart<End, P>>,
): Promise<Streamed<End, P> | Refusal> {
  const { task } = cleared.draft.ask;
  const begin = task.stream?.bind(task);
  if (begin === undefined) return refuse('invalid_request', `stream: ${task.name} cannot be streamed; ask for it whole`);
  return serve<Streamed<End, P>, Fitted>(
    engine,
    cleared,
    { signal: client, stream: true },
    async (serving) => {
      const events = begin(taskCall(serving))[Symbol.asyncIterator]() as Events<Result, P>;
      const parts = relay(engine, serving, events, await events.next(), endOf);
      return Object.assign(parts, { call: { ...servedCall(serving.held), model: serving.held.fitted.model.name } });
    },
    (kept: Kept) => {
      const spent = spentFromKept<Result>(task, kept);
      const { id, degraded, offline, model } = spent;
      return Object.assign(again(spent), { replayed: true as const, call: { id, degraded, offline, model: model.name } });
    },
  );
}

export type Events<Result, P extends Piece> = AsyncIterator<TaskEvent<Result, P>>;

/** Passes pieces on as they come; the last part follows the books. A consumer that leaves starts the drain. */
export function relay<Result, End, P extends Piece>(
  engine: Engine,
  serving: Serving,
  events: Events<Result, P>,
  first: IteratorResult<TaskEvent<Result, P>>,
  endOf: EndOf<Result, End>,
): AsyncIterableIterator<StreamedPart<End, P>> {
  const parts = relayParts(engine, serving, events, first, endOf);
  return trackStream(engine.inFlight, parts, {
    over: serving.time.signal,
    abandoned: () => drain(engine, serving, events, first),
    late: { type: 'refusal', refusal: NOT_READ },
  });
}

/** What a reader hears who stopped reading until the time of the call was over. */
export const NOT_READ = refuse('provider_timeout', 'the answer was not read in time; what was delivered is charged');

async function* relayParts<Result, End, P extends Piece>(
  engine: Engine,
  serving: Serving,
  events: Events<Result, P>,
  first: IteratorResult<TaskEvent<Result, P>>,
  endOf: EndOf<Result, End>,
): AsyncGenerator<StreamedPart<End, P>> {
  let delivered = 0;
  let ended = false;
  try {
    for (let next = first; next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.type !== 'end') {
        delivered += sizeOf(event);
        yield event as Awaited<P>;
        if (engine.pause) await engine.pause('mid stream');
        continue;
      }
      ended = true;
      serving.time.end();
      yield endOf(await settleOutcome(engine, serving, event.outcome));
      return;
    }
  } catch (error) {
    if (ended) throw error;
    ended = true;
    serving.time.end();
    yield { type: 'refusal', refusal: await endBroken(engine, serving, error) };
  } finally {
    if (!ended) engine.inFlight.background('drain', drain(engine, serving, events, undefined, delivered));
  }
}

function sizeOf(piece: Piece): number {
  return 'bytes' in piece ? piece.bytes.length : piece.text.length;
}

/** The client has left: reads on for the usage within bounds, then ends the call by what is known. */
async function drain<Result, P extends Piece>(
  engine: Engine,
  serving: Serving,
  events: Events<Result, P>,
  first: IteratorResult<TaskEvent<Result, P>> | undefined,
  delivered = 0,
): Promise<void> {
  serving.time.leave();
  let size = delivered;
  let outcome: Outcome<Result> | undefined;
  let broken: unknown;
  try {
    for (let next = first ?? (await events.next()); next.done !== true; next = await events.next()) {
      if (next.value.type === 'end') outcome = next.value.outcome;
      else size += sizeOf(next.value);
      if (size > engine.drain.bytes_max) break;
    }
  } catch (error) {
    broken = error;
  } finally {
    // A provider that writes more than is read on for is let go.
    await events.return?.();
  }
  serving.time.end();
  // Whole after all: kept, so that the same request under its key gets what it was charged for.
  if (outcome) await settleOutcome(engine, serving, outcome, 'stopped');
  else await endLeft(engine, serving, broken, size > 0);
}
