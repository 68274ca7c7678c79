import { BrokenInvariant } from '@purser/core';
import { answerBytesMax, type PassedStream, type PassedWhole, type StreamSummary, type Upstream } from '@purser/providers';
import type { FittedRequest } from '@purser/routing';

import type { Held } from '../../../admission/held.ts';
import { hasLicenseOf } from '../../../admission/license.ts';
import type { Engine } from '../../../deps.ts';
import { endingOf } from '../../../execution/ending.ts';
import { attemptOf, bookUncharged, endBroken } from '../../../execution/failure.ts';
import { trackStream } from '../../../execution/in-flight.ts';
import { keep, type Kept, keptBigint, type KeptMoney, keptMoney } from '../../../execution/kept.ts';
import { endLeft } from '../../../execution/left.ts';
import { noteServed } from '../../../execution/route-outcome.ts';
import type { Serving } from '../../../execution/serving.ts';
import { billOf, book, type BookedEnding, servedCall } from '../../../execution/settle.ts';
import { NOT_READ } from '../../../execution/stream.ts';
import type { Bill, OpenAiChatBody, OpenAiResponse } from '../../../gate.ts';
import { outputLimitOf } from '../text-task.ts';
import { errorEvent, purserMember } from './answer.ts';
import { alternativesOf, rewritten, wantsUsage } from './request.ts';
import { wholeAsEvents } from './whole-as-events.ts';

const PATH = '/chat/completions';

/** Serves a call by the provider's own bytes. Throws the provider's failure as long as nothing has been sent on. */
export async function pass(
  engine: Engine,
  serving: Serving<FittedRequest>,
  upstream: Upstream,
  body: OpenAiChatBody,
): Promise<OpenAiResponse> {
  const { held } = serving;
  const stream = body.stream === true;
  const request = rewritten(body, held.fitted, outputLimitOf(engine.routes, held.fitted.model) ?? upstream.output_limit);
  const { output_tokens_max } = held.fitted;
  const besideUsage = (summary: Summary): object => ({ purser: purserMember(comesTo(held, summary).bill) });
  const passed = await upstream.passThrough({
    path: PATH,
    body: request,
    stream,
    bytes_max: answerBytesMax({ output_tokens_max, stream, request_bytes: request.length, alternatives: alternativesOf(body) }),
    usage_wanted: wantsUsage(body),
    beside_usage: besideUsage,
    signal: serving.time.signal,
  });
  if (passed.streamed) return { kind: 'stream', chunks: relay(engine, serving, passed), call: servedCall(held) };
  if (passed.failure !== null) throw passed.failure;
  if (!stream) return answerWhole(engine, serving, passed);
  const events = wholeAsEvents(passed.body, wantsUsage(body) ? besideUsage(passed) : undefined);
  const answer = await answerWhole(engine, serving, { ...passed, body: events });
  return answer.kind === 'whole' ? { kind: 'stream', chunks: once(answer.body), call: servedCall(held) } : answer;
}

/**
 * Answers at once; the settle is under way and joins the next batch. Until it is written the hold stands for it, on disk. Only when
 * the license changed meanwhile does the answer wait: the hold may have been given back, and then nothing is charged.
 */
async function answerWhole(engine: Engine, serving: Serving, passed: PassedWhole): Promise<OpenAiResponse> {
  serving.time.end();
  noteServed(engine, serving);
  const { held, start } = serving;
  const ending = endingOf(held, passed.report, true, 'served');
  if (ending.kind === 'unresolved') throw new BrokenInvariant('a whole answer has a cost');
  const request_id = passed.request_id ?? null;
  const answer = { kind: 'whole', status: passed.status, body: passed.body } as const;
  if (passed.empty) {
    await bookUncharged(engine, held, attemptOf(start, 'empty', { request_id }), ending);
    return { ...answer, bill: billOf(held, ending, 'nothing') };
  }
  const attempt = attemptOf(start, 'ok', { request_id });
  const bill = billOf(held, ending, 'served');
  const kept = held.hold.idempotency && keep({ body: passed.body.toString('utf8'), bill });
  const deferred = hasLicenseOf(engine, held);
  const booking = book(engine, held, attempt, ending, bill, { kept, deferred });
  engine.inFlight.settle(booking);
  if (deferred) return { ...answer, bill };
  // What could not be written ends as unresolved, and that charges nothing either.
  const booked = await booking.catch(() => undefined);
  return { ...answer, bill: { ...bill, charged: booked?.charged ?? 0n } };
}

const LATE = errorEvent(NOT_READ);

function relay(engine: Engine, serving: Serving, passed: PassedStream): AsyncIterableIterator<Uint8Array> {
  const chunks = relayChunks(engine, serving, passed);
  return trackStream(engine.inFlight, chunks, {
    over: serving.time.signal,
    abandoned: () => drain(engine, serving, passed),
    late: LATE,
  });
}

/** Passes events on untouched, and settles when the provider has ended. A client that leaves starts the drain. */
async function* relayChunks(engine: Engine, serving: Serving, passed: PassedStream): AsyncGenerator<Uint8Array> {
  const sent: Buffer[] | undefined = serving.held.hold.idempotency && [];
  const chunks = passed.chunks[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      const chunk = next.value;
      sent?.push(chunk);
      // The stream has said all it will: its settle joins the next batch while the last bytes travel.
      if (!ended && passed.summary().done) {
        ended = true;
        serving.time.end();
        engine.inFlight.settle(bookStream(engine, serving, passed, sent));
      }
      yield chunk;
      if (engine.pause) await engine.pause('mid stream');
    }
    if (!ended) {
      ended = true;
      serving.time.end();
      engine.inFlight.settle(bookStream(engine, serving, passed, sent));
    }
  } catch (error) {
    if (ended) throw error;
    ended = true;
    serving.time.end();
    yield errorEvent(await endBroken(engine, serving, error));
  } finally {
    if (!ended) engine.inFlight.background('drain', drain(engine, serving, passed));
  }
}

async function drain(engine: Engine, serving: Serving, passed: PassedStream): Promise<void> {
  serving.time.leave();
  const { done, empty, failure, report, delivered } = await passed.drain(engine.drain);
  serving.time.end();
  const request_id = passed.request_id ?? null;
  if (failure === null && done && empty) await bookStream(engine, serving, passed, undefined);
  else await endLeft(engine, serving, failure ?? undefined, delivered.bytes > 0, report, request_id);
}

/** What the bill follows from. */
type Summary = Pick<StreamSummary, 'report' | 'empty'>;

/** What a stream that came to its end is booked and charged at. */
function comesTo(held: Held, { report, empty }: Summary): { readonly ending: BookedEnding; readonly bill: Bill } {
  const ending = endingOf(held, report, true, 'served');
  if (ending.kind === 'unresolved') throw new BrokenInvariant('a whole answer has a cost');
  return { ending, bill: billOf(held, ending, empty ? 'nothing' : 'served') };
}

/** Settles a stream that came to its end. */
async function bookStream(
  engine: Engine,
  serving: Serving,
  passed: PassedStream,
  sent: readonly Buffer[] | undefined,
): Promise<void> {
  noteServed(engine, serving);
  const { held, start } = serving;
  const summary = passed.summary();
  const { empty } = summary;
  const { ending, bill } = comesTo(held, summary);
  const attempt = attemptOf(start, empty ? 'empty' : 'ok', { request_id: passed.request_id ?? null });
  if (empty) {
    await bookUncharged(engine, held, attempt, ending);
    return;
  }
  const kept = sent && keep({ body: Buffer.concat(sent).toString('utf8'), bill });
  await book(engine, held, attempt, ending, bill, { kept, deferred: true });
}

/** What an idempotency key kept, as it was sent. */
export function replayed(kept: Kept, stream: boolean): OpenAiResponse {
  const { body: text, bill: kept_bill } = JSON.parse(kept.text) as { body?: string; bill: KeptBill };
  if (text === undefined) throw new BrokenInvariant('an answer of the other endpoint was kept under this request');
  const body = Buffer.from(text, 'utf8');
  const bill = { ...kept_bill, cost: keptMoney(kept_bill.cost), charged: keptBigint(kept_bill.charged) };
  return stream ? { kind: 'stream', chunks: once(body), call: bill } : { kind: 'whole', status: 200, body, bill };
}

type KeptBill = Omit<Bill, 'cost' | 'charged'> & { readonly cost: KeptMoney; readonly charged: string };

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
