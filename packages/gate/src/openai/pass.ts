import { BrokenInvariant } from '@purser/base';
import type { PassedStream, PassedWhole, Upstream } from '@purser/providers';

import type { Engine } from '../deps.ts';
import { attemptOf, endFailed } from '../failure.ts';
import type { OpenAiChatBody, OpenAiResponse } from '../gate.ts';
import { trackStream } from '../in-flight.ts';
import { keep } from '../kept.ts';
import { outputLimitOf } from '../prove-route.ts';
import type { Serving } from '../serve.ts';
import { billOf, book } from '../settle.ts';
import { hasLicenceOf } from '../steps/licence.ts';
import { NOT_READ } from '../stream.ts';
import { errorEvent } from './answer.ts';
import { rewritten, wantsUsage } from './request.ts';

const PATH = '/chat/completions';

/** Serves a call by the provider's own bytes. Throws the provider's failure as long as nothing has been sent on. */
export async function pass(engine: Engine, serving: Serving, upstream: Upstream, body: OpenAiChatBody): Promise<OpenAiResponse> {
  const { held } = serving;
  const passed = await upstream.passThrough({
    path: PATH,
    body: rewritten(body, held.fitted, outputLimitOf(engine, held) ?? upstream.output_limit),
    stream: body.stream === true,
    signal: serving.time.signal,
  });
  if (passed.streamed) return { kind: 'stream', chunks: relay(engine, serving, passed, body) };
  if (passed.failure !== null) throw passed.failure;
  return answerWhole(engine, serving, passed);
}

/**
 * Answers at once; the settle is under way and joins the next batch. Until it is written the hold stands for it, on disk. Only when
 * the licence changed meanwhile does the answer wait: the hold may have been given back, and then nothing is charged.
 */
async function answerWhole(engine: Engine, serving: Serving, passed: PassedWhole): Promise<OpenAiResponse> {
  serving.time.end();
  const { held, start } = serving;
  const usage = passed.usage ?? bound(serving, passed.body.length);
  const attempt = attemptOf(start, 'ok', usage, { request_id: passed.request_id ?? null, estimated: passed.usage === null });
  const bill = billOf(held, attempt, 'served');
  const kept = held.hold.idempotency && keep({ body: passed.body.toString('utf8') });
  const unwatched = hasLicenceOf(engine, held);
  const booking = book(engine, held, attempt, bill, { kept, unwatched });
  engine.inFlight.settle(booking);
  const answer = { kind: 'whole', status: passed.status, body: passed.body } as const;
  if (unwatched) return { ...answer, bill };
  // What could not be written ends in doubt, and doubt charges nothing either.
  const booked = await booking.catch(() => undefined);
  return { ...answer, bill: { ...bill, charged: booked?.charged ?? 0n } };
}

function bound({ held: { fitted } }: Serving, delivered_bytes: number): { input_tokens: number; output_tokens: number } {
  return { input_tokens: fitted.input_tokens_max, output_tokens: Math.min(delivered_bytes, fitted.output_tokens_max) };
}

const NO_CHOICES = '"choices":[]';
const LATE = errorEvent(NOT_READ);

function relay(engine: Engine, serving: Serving, passed: PassedStream, body: OpenAiChatBody): AsyncIterableIterator<Uint8Array> {
  const chunks = relayChunks(engine, serving, passed, wantsUsage(body));
  return trackStream(engine.inFlight, chunks, {
    over: serving.time.signal,
    abandoned: () => drain(engine, serving, passed),
    late: LATE,
  });
}

/** Passes chunks on untouched, and settles when the provider has ended. A client that leaves starts the drain. */
async function* relayChunks(
  engine: Engine,
  serving: Serving,
  passed: PassedStream,
  usageWanted: boolean,
): AsyncGenerator<Uint8Array> {
  const sent: Buffer[] | undefined = serving.held.hold.idempotency && [];
  const chunks = passed.chunks[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      const chunk = usageWanted ? next.value : withoutUsageEvent(next.value);
      sent?.push(chunk);
      // The stream has said all it will: its settle joins the next batch while the last bytes travel.
      if (!ended && passed.summary().done) {
        ended = true;
        serving.time.end();
        engine.inFlight.settle(bookStream(engine, serving, passed, 'ok', sent));
      }
      if (chunk.length > 0) yield chunk;
      if (engine.pause) await engine.pause('mid stream');
    }
    if (!ended) {
      ended = true;
      serving.time.end();
      engine.inFlight.settle(bookStream(engine, serving, passed, 'ok', sent));
    }
  } catch (error) {
    if (ended) throw error;
    ended = true;
    serving.time.end();
    yield errorEvent(await endFailed(engine, serving, error));
  } finally {
    if (!ended) engine.inFlight.background('drain', drain(engine, serving, passed));
  }
}

async function drain(engine: Engine, serving: Serving, passed: PassedStream): Promise<void> {
  await passed.drain(engine.drain);
  serving.time.end();
  await bookStream(engine, serving, passed, 'stopped', undefined);
}

async function bookStream(
  engine: Engine,
  serving: Serving,
  passed: PassedStream,
  outcome: string,
  sent: readonly Buffer[] | undefined,
): Promise<void> {
  const summary = passed.summary();
  const usage = summary.usage ?? bound(serving, summary.delivered.bytes);
  const attempt = attemptOf(serving.start, outcome, usage, {
    request_id: passed.request_id ?? null,
    estimated: summary.usage === null,
  });
  const bill = billOf(serving.held, attempt, 'served');
  const kept = sent && keep({ body: Buffer.concat(sent).toString('utf8') });
  await book(engine, serving.held, attempt, bill, { kept, unwatched: true });
}

/** Usage is always asked for; a client that did not ask must not meet an event without choices, which many do not expect. */
function withoutUsageEvent(chunk: Buffer): Buffer {
  let at = chunk.indexOf(NO_CHOICES);
  if (at === -1) return chunk;
  const kept: Buffer[] = [];
  let from = 0;
  for (; at !== -1; at = chunk.indexOf(NO_CHOICES, from)) {
    kept.push(chunk.subarray(from, Math.max(from, eventStart(chunk, at))));
    from = eventEnd(chunk, at);
  }
  kept.push(chunk.subarray(from));
  return Buffer.concat(kept);
}

const LF = 0x0a;
const CR = 0x0d;

/** Behind the blank line that ends the event before. */
function eventStart(chunk: Buffer, at: number): number {
  for (let end = chunk.lastIndexOf(LF, at); end > 0; end = chunk.lastIndexOf(LF, end - 1)) {
    const before = chunk[end - 1] === CR ? end - 2 : end - 1;
    if (chunk[before] === LF) return end + 1;
  }
  return 0;
}

/** Behind the blank line that ends this event. */
function eventEnd(chunk: Buffer, at: number): number {
  for (let end = chunk.indexOf(LF, at); end !== -1; end = chunk.indexOf(LF, end + 1)) {
    const next = chunk[end + 1] === CR ? end + 2 : end + 1;
    if (chunk[next] === LF) return next + 1;
  }
  return chunk.length;
}

/** What an idempotency key kept, as it was sent. */
export function replayed(kept: string, stream: boolean): OpenAiResponse {
  const { body } = JSON.parse(kept) as { body?: string };
  if (body === undefined) throw new BrokenInvariant('an answer of the other door was kept under this request');
  const bytes = Buffer.from(body, 'utf8');
  return stream ? { kind: 'stream', chunks: once(bytes) } : { kind: 'whole', status: 200, body: bytes, bill: null };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
