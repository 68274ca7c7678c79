import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type App, openAiErrors, workspaceOf } from '@purser/http';
import { z } from 'zod';

import { type AskedChat, answerChat } from '../chat/answer-chat.ts';
import { orRefusal } from '../chat/reading.ts';
import type { GatewayDeps } from '../deps.ts';
import { fallbackModels } from '../fallback-models.ts';
import { endUser } from '../end-user.ts';
import { KeptItems } from './kept-items.ts';
import type { Recall } from './read-input.ts';
import { readResponses } from './read-responses.ts';
import { responsesWire } from './write-responses.ts';

const ITEMS_MAX = 10_000;

/** What holds for all; the rest is read by hand, so that each thing nothing here has a word for is refused by its own name. */
const responsesBody = z.looseObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  models: fallbackModels,
  input: z.union([z.string().min(1), z.array(z.looseObject({})).min(1).max(ITEMS_MAX)]),
  max_output_tokens: z.int().min(1).nullish().describe('Capped by the plan.'),
  stream: z.boolean().nullish(),
  store: z
    .boolean()
    .nullish()
    .describe(
      'Unless false, items of the answer may be named by their ids for an hour (`item_reference`). Conversations are not kept.',
    ),
  user: endUser,
});

const responseSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    status: z.string(),
    model: z.string(),
    output: z.array(z.looseObject({ type: z.string() })),
    usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
  })
  .describe('OpenAI’s response; with `stream` its events, of which the last says what it cost.');

export function registerResponses(app: App, { gate, bounds, clock }: GatewayDeps): void {
  const kept = new KeptItems();
  app.route({
    method: 'POST',
    url: '/v1/responses',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'Responses in OpenAI’s format',
      description: 'An official OpenAI client works by changing its base URL and key, before models of every provider.',
      body: responsesBody,
      response: { 200: responseSchema, ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const workspace: WorkspaceId = workspaceOf(request).id;
      const now_ms = clock.now().epochMilliseconds;
      const recall: Recall = (id) => kept.find(workspace, id, now_ms);
      const wire = responsesWire({
        body,
        created_at: Math.floor(now_ms / 1000),
        keep: (items) => {
          if (body.store !== false) kept.keep(workspace, items, now_ms);
        },
      });
      return answerChat(gate, askedBy(body, recall), wire, request, reply);
    },
  });
}

function askedBy(body: z.infer<typeof responsesBody>, recall: Recall): AskedChat | Refusal {
  const input = orRefusal(() => readResponses(body, recall));
  if (isRefusal(input)) return input;
  return {
    input,
    model: body.model,
    models: body.models ?? [],
    user: body.user === null || body.user === '' ? undefined : body.user,
    stream: body.stream === true,
  };
}
