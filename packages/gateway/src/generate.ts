import { isRefusal } from '@purser/core';
import type { Answer, Arrival, Gate, GenerateRequest, StreamPart } from '@purser/gate';
import type { Caller } from '@purser/identity';
import { parseMoney, toWire } from '@purser/money';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { amountSchema, answerSchema } from '@purser/api';
import {
  problemOfThrown,
  sendRefusal,
  callerSignal,
  event,
  sendChunks,
  idempotencyOf,
  problemOf,
  problems,
  type App,
  callerOf,
  counter,
} from '@purser/http';

import type { GatewayDeps } from './deps.ts';
import { describeStream } from './describe-limits.ts';

const MESSAGES_MAX = 1_000;

const messageSchema = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

const generateBody = z
  .strictObject({
    operation: z.string().min(1).max(100).describe('One of GET /api/operations.'),
    prompt: z.string().min(1).optional().describe('The task in plain words; or send messages.'),
    messages: z.array(messageSchema).min(1).max(MESSAGES_MAX).optional(),
    task: z.literal('text').optional(),
    complexity: z.enum(['simple', 'medium', 'complex']).default('medium'),
    max_output_tokens: z.int().min(1).max(1_000_000).optional(),
    max_cost: amountSchema
      .refine(({ amount }) => !amount.startsWith('-'), 'want an amount that is not negative')
      .optional()
      .describe('A call that could cost more is made cheaper or refused.'),
    model: z.string().min(1).max(200).optional().describe('One of GET /v1/models; without it the plan routes.'),
  })
  .refine((body) => (body.prompt === undefined) !== (body.messages === undefined), 'want either "prompt" or "messages"');

type GenerateBody = z.infer<typeof generateBody>;

export function registerGenerate(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/api/ai/generate',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Spending'],
      summary: 'One governed AI call',
      description:
        'With `Accept: text/event-stream` the answer streams: `event: text` `{"text"}`, then `event: end` with the whole answer, or `event: problem`.',
      body: generateBody,
      response: { 200: answerSchema, ...problems(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const wanted = gateRequest(request.body, idempotencyOf(request), request.arrival);
      const caller = callerOf(request);
      if (wantsEvents(request)) return streamAnswer(request, reply, gate, caller, wanted);
      const answer = await gate.generate(caller, wanted, callerSignal(reply));
      if (isRefusal(answer)) return sendRefusal(request, reply, answer);
      if (answer.replayed) reply.header('idempotency-replayed', 'true');
      // The answer was built here to the published shape; checking it again would cost as much as the hold.
      return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(wireAnswer(answer));
    },
  });
}

function gateRequest(
  body: GenerateBody,
  idempotency: ReturnType<typeof idempotencyOf>,
  arrival: Arrival | null,
): GenerateRequest {
  return {
    operation: body.operation,
    messages: body.messages ?? [{ role: 'user', content: body.prompt ?? '' }],
    complexity: body.complexity,
    ...(body.max_output_tokens !== undefined && { output_tokens_max: body.max_output_tokens }),
    ...(body.max_cost !== undefined && { cost_max: parseMoney(body.max_cost.amount, body.max_cost.currency) }),
    ...(body.model !== undefined && { model: body.model }),
    ...(idempotency !== undefined && { idempotency }),
    ...(arrival !== null && { arrival }),
  };
}

function wantsEvents(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') === true;
}

async function streamAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  gate: Gate,
  caller: Caller,
  wanted: GenerateRequest,
): Promise<FastifyReply> {
  const parts = await gate.stream(caller, wanted, callerSignal(reply));
  if (isRefusal(parts)) return sendRefusal(request, reply, parts);
  describeStream(gate, request, reply, parts);
  await sendChunks(reply, answerEvents(request, parts));
  return reply;
}

/** Always ends with `end` or `problem`, so a client can tell an answer from a broken connection. */
async function* answerEvents(request: FastifyRequest, parts: AsyncIterable<StreamPart>): AsyncGenerator<string> {
  try {
    for await (const part of parts) {
      switch (part.type) {
        case 'text':
          yield event('text', { text: part.text });
          break;
        case 'end':
          yield event('end', wireAnswer(part.answer));
          break;
        case 'refusal':
          yield event('problem', problemOf(part.refusal, request.view));
          break;
        case 'thought':
        case 'sealed_thought':
        case 'tool_call':
        case 'tool_arguments':
          // Nothing here asks for tools; reasoning that a model shows unasked is no part of the answer.
          break;
      }
    }
  } catch (error) {
    request.log.error({ err: error, request_id: request.id }, 'a stream broke');
    const problem = problemOfThrown(error, request.view);
    yield event('problem', problem);
  }
}

function wireAnswer(answer: Answer): z.infer<typeof answerSchema> {
  const { id, transaction_id, output, model, usage, cost, credits, degraded, offline, finish } = answer;
  return {
    id,
    transaction_id,
    output,
    model,
    usage: { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens },
    cost: toWire(cost),
    credits: { charged: counter(credits.charged), balance: counter(credits.balance) },
    degraded: [...degraded],
    offline,
    finish,
  };
}
