import { isRefusal, type Refusal } from '@purser/core';
import type { ChatInput, Gate, Spent, SpentEnd, StreamedCall, StreamedPart, TextResult } from '@purser/gate';
import { callerOf, callerSignal, idempotencyOf, problemOf, problemOfThrown, sendChunks, sendRefusal } from '@purser/http';
import type { AnswerPiece } from '@purser/providers';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { describeBill, describeCall } from '../describe-call.ts';
import { describeStream } from '../describe-limits.ts';

/** A chat as one of the wire formats asks for it. */
export interface AskedChat {
  readonly input: ChatInput;
  readonly model: string;
  /** To fall back to. */
  readonly models: readonly string[];
  readonly user: string | undefined;
  readonly stream: boolean;
}

export type ChatPart = StreamedPart<SpentEnd<TextResult>, AnswerPiece>;

type Problem = ReturnType<typeof problemOf>;

/** How a wire format writes an answer. */
export interface ChatWire {
  whole(spent: Spent<TextResult>): object;
  /** Events as the format has them; a failure under way is the last of them. */
  events(parts: AsyncIterable<ChatPart>, call: StreamedCall, problem: (refusal: Refusal) => Problem): AsyncGenerator<string>;
  /** The last event of a stream that broke. */
  broken(problem: Problem): string;
}

/** Asks the gate, and answers as the wire format has it. */
export async function answerChat(
  gate: Gate,
  asked: AskedChat | Refusal,
  wire: ChatWire,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const caller = callerOf(request);
  const arrival = request.arrival ?? undefined;
  if (isRefusal(asked)) return sendRefusal(request, reply, await gate.recordClientError(caller, asked, arrival));
  const { input, model, models, user, stream } = asked;
  const idempotency = idempotencyOf(request);
  const wanted = {
    input,
    model,
    models,
    ...(user !== undefined && { user }),
    ...(idempotency !== undefined && { idempotency }),
    ...(arrival !== undefined && { arrival }),
  };
  if (stream) {
    const parts = await gate.spendStreaming<TextResult>(caller, 'text', wanted, callerSignal(reply));
    if (isRefusal(parts)) return sendRefusal(request, reply, parts);
    describeStream(gate, request, reply, parts);
    const events = wire.events(parts as AsyncIterable<ChatPart>, parts.call, (refusal) => problemOf(refusal, request.view));
    await sendChunks(reply, events, { lastWords: (error) => lastWords(wire, request, error) });
    return reply;
  }
  const spent = await gate.spend<TextResult>(caller, 'text', wanted, callerSignal(reply));
  if (isRefusal(spent)) return sendRefusal(request, reply, spent);
  if (spent.replayed) reply.header('idempotency-replayed', 'true');
  describeCall(reply, spent);
  describeBill(reply, { cost: spent.cost, charged: spent.credits.charged });
  return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(wire.whole(spent));
}

function lastWords(wire: ChatWire, request: FastifyRequest, error: unknown): string {
  request.log.error({ err: error, request_id: request.id }, 'a stream broke');
  return wire.broken(problemOfThrown(error, request.view));
}

/** The whole answer as pieces: what a stream brings that was kept. */
export function piecesOf({ output, parts }: TextResult): AnswerPiece[] {
  let index = 0;
  return (parts ?? [{ type: 'text' as const, text: output }]).map((part): AnswerPiece => {
    if (part.type === 'tool_call')
      return { type: 'tool_call', index: index++, id: part.id, name: part.name, text: part.arguments };
    return part.type === 'sealed_thought' ? { type: 'sealed_thought', text: part.data } : part;
  });
}
