import { isRefusal } from '@purser/core';
import type { OpenAiChatBody } from '@purser/gate';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sendRefusal, callerOf, callerSignal, sendChunks, idempotencyOf, openAiErrors, type App } from '@purser/http';

import { brokenStream } from './broken-stream.ts';
import { describeBill, describeCall } from './describe-call.ts';
import { describeStream } from './describe-limits.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';
import { fallbackModels } from './fallback-models.ts';

const MESSAGES_MAX = 10_000;

/** What the gate itself reads is checked; every other member is the upstream's business and passes on as it came. */
const chatBody = z.looseObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  models: fallbackModels,
  messages: z
    .array(z.looseObject({ role: z.string() }))
    .min(1)
    .max(MESSAGES_MAX),
  stream: z.boolean().nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).nullish(),
  user: endUser,
});

const completionSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    model: z.string(),
    choices: z.array(z.looseObject({ index: z.int() })),
    usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }),
  })
  .describe('OpenAI’s chat completion; with `stream` its chunks as server-sent events, ended by `[DONE]`.');

export function registerChatCompletions(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/chat/completions',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'Chat completions in OpenAI’s format',
      description: 'An official OpenAI client works by changing its base URL and key. `max_tokens` is capped by the plan.',
      body: chatBody,
      response: { 200: completionSchema, ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const idempotency = idempotencyOf(request);
      const body = withoutUnset(request.body);
      const result = await gate.chatCompletions(
        callerOf(request),
        {
          body,
          ...(idempotency !== undefined && { idempotency }),
          ...(request.arrival !== null && { arrival: request.arrival }),
        },
        callerSignal(reply),
      );
      if (isRefusal(result)) return sendRefusal(request, reply, result);
      if (result.kind === 'stream') {
        describeStream(gate, request, reply, result);
        await sendChunks(reply, result.chunks, { lastWords: (error) => brokenStream(request, error) });
        return reply;
      }
      if (result.replayed) reply.header('idempotency-replayed', 'true');
      describeCall(reply, result.bill);
      describeBill(reply, result.bill);
      return (reply as FastifyReply).code(result.status).type('application/json; charset=utf-8').send(result.body);
    },
  });
}

/** Clients send `null` and `[]` for "not set", and an empty `user`; the gate and the providers know only absent. */
function withoutUnset(body: z.infer<typeof chatBody>): OpenAiChatBody {
  for (const member of Object.keys(body)) {
    const value = body[member];
    if (value === null || (Array.isArray(value) && value.length === 0)) delete body[member];
  }
  if (body.user === '') delete body.user;
  return body as OpenAiChatBody;
}
