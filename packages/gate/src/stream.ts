import { type Refusal, refuse } from '@purser/core';
import type { ProviderAnswer, StreamEvent } from '@purser/providers';

import type { Cleared } from './admit.ts';
import type { Engine } from './deps.ts';
import { endFailed } from './failure.ts';
import type { Answer, GenerateRequest, StreamedAnswer, StreamPart } from './gate.ts';
import { providerCall, providerOf, settleAnswer } from './generate.ts';
import { trackStream } from './in-flight.ts';
import { answerFromKept } from './kept.ts';
import { serve, type Serving } from './serve.ts';
import { endLeft } from './left.ts';

/** Starts a stream. Until its first event a provider that fails is replaced by the next; afterwards its failure is the last part. */
export async function stream(
  engine: Engine,
  cleared: Cleared,
  request: Pick<GenerateRequest, 'messages'>,
  client: AbortSignal,
): Promise<StreamedAnswer | Refusal> {
  return serve<StreamedAnswer>(
    engine,
    cleared,
    { signal: client, stream: true },
    async (serving) => {
      const answer = providerOf(engine, serving.held).stream(providerCall(engine, serving, request.messages));
      const events = answer[Symbol.asyncIterator]();
      const first = await events.next();
      return relay(engine, serving, events, first);
    },
    (kept) => Object.assign(replayedParts(answerFromKept(kept)), { replayed: true as const }),
  );
}

/** A kept answer as a stream. */
export async function* replayedParts(answer: Answer): AsyncGenerator<StreamPart> {
  yield { type: 'text', text: answer.output };
  yield { type: 'end', answer };
}

type Events = AsyncIterator<StreamEvent>;

/** Passes texts on as they come; the last part follows the books. A consumer that leaves starts the drain. */
export function relay(
  engine: Engine,
  serving: Serving,
  events: Events,
  first: IteratorResult<StreamEvent>,
): AsyncIterableIterator<StreamPart> {
  const parts = relayParts(engine, serving, events, first);
  return trackStream(engine.inFlight, parts, {
    over: serving.time.signal,
    abandoned: () => drain(engine, serving, events, first),
    late: { type: 'refusal', refusal: NOT_READ },
  });
}

/** What a reader hears who stopped reading until the time of the call was over. */
export const NOT_READ = refuse('provider_timeout', 'the answer was not read in time; what had been delivered was charged');

async function* relayParts(
  engine: Engine,
  serving: Serving,
  events: Events,
  first: IteratorResult<StreamEvent>,
): AsyncGenerator<StreamPart> {
  let delivered = '';
  let ended = false;
  try {
    for (let next = first; next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.type === 'text') {
        delivered += event.text;
        yield event;
        if (engine.pause) await engine.pause('mid stream');
        continue;
      }
      ended = true;
      serving.time.end();
      yield { type: 'end', answer: await settleAnswer(engine, serving, event.answer) };
      return;
    }
  } catch (error) {
    if (ended) throw error;
    ended = true;
    serving.time.end();
    yield { type: 'refusal', refusal: await endFailed(engine, serving, error) };
  } finally {
    if (!ended) engine.inFlight.background('drain', drain(engine, serving, events, undefined, delivered));
  }
}

/** The client has left: reads on for the usage within bounds, then ends the call by what is known. */
async function drain(
  engine: Engine,
  serving: Serving,
  events: Events,
  first: IteratorResult<StreamEvent> | undefined,
  delivered = '',
): Promise<void> {
  serving.time.leave();
  let text = delivered;
  let answer: ProviderAnswer | undefined;
  let broken: unknown;
  try {
    for (let next = first ?? (await events.next()); next.done !== true; next = await events.next()) {
      if (next.value.type === 'end') answer = next.value.answer;
      else text += next.value.text;
      if (text.length > engine.drain.bytes_max) break;
    }
  } catch (error) {
    broken = error;
  } finally {
    // A provider that writes more than is read on for is let go.
    await events.return?.();
  }
  serving.time.end();
  // Whole after all: kept, so that the same request under its key gets what it was charged for.
  if (answer) await settleAnswer(engine, serving, answer, 'stopped');
  else await endLeft(engine, serving, broken, text !== '');
}
