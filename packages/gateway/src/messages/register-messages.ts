import { isRefusal, type Refusal } from '@purser/core';
import { anthropicErrors, type App } from '@purser/http';
import { USER_NAME } from '@purser/identity';
import { z } from 'zod';

import { type AskedChat, answerChat } from '../chat/answer-chat.ts';
import { type Json, mistake, orRefusal } from '../chat/reading.ts';
import type { GatewayDeps } from '../deps.ts';
import { fallbackModels } from '../fallback-models.ts';
import { readMessages, userIn } from './read-messages.ts';
import { messagesWire } from './write-messages.ts';

const MESSAGES_MAX = 10_000;

/** What holds for all; the rest is read by hand, so that each thing nothing here has a word for is refused by its own name. */
const messagesBody = z.looseObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  models: fallbackModels,
  max_tokens: z.int().min(1).describe('Capped by the plan.'),
  messages: z
    .array(z.looseObject({ role: z.string() }))
    .min(1)
    .max(MESSAGES_MAX),
  stream: z.boolean().nullish(),
});

const messageSchema = z
  .looseObject({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(z.looseObject({ type: z.string() })),
    stop_reason: z.string().nullable(),
    usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
  })
  .describe('Anthropic’s message; with `stream` its events, of which `message_delta` says what it cost.');

export function registerMessages(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/messages',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Anthropic'],
      summary: 'Messages in Anthropic’s format',
      description:
        'An official Anthropic client works by changing its base URL and key (`x-api-key` or `Authorization`), before models of every provider.',
      body: messagesBody,
      response: { 200: messageSchema, ...anthropicErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => answerChat(gate, askedBy(request.body), messagesWire, request, reply),
  });
}

function askedBy(body: z.infer<typeof messagesBody>): AskedChat | Refusal {
  const read = orRefusal(() => ({ input: readMessages(body), user: userNamed(body) }));
  if (isRefusal(read)) return read;
  return { ...read, model: body.model, models: body.models ?? [], stream: body.stream === true };
}

function userNamed(body: Json): string | undefined {
  const user = userIn(body);
  if (user === undefined || user === '') return undefined;
  return USER_NAME.test(user) ? user : mistake('metadata.user_id', user, 'a name of 1 to 256 characters');
}
