import type { ModerationInput, ModerationResult } from '@purser/gate';
import { type App, openAiErrors } from '@purser/http';
import { z } from 'zod';

import { answerSpent } from './answer-spent.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';

const ITEMS_MAX = 1_000;
const PARTS_MAX = 100;

const text = z.string().min(1);
const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({
      url: z.string().regex(/^(?:https?:\/\/|data:image\/)/u, 'want an address, or a data URL of an image'),
    }),
  }),
]);

const moderationBody = z.strictObject({
  model: z.string().min(1).max(200).nullish().describe('One of GET /v1/models; `auto`, or none, leaves the choice to the plan.'),
  input: z
    .union([text, z.array(text).min(1).max(ITEMS_MAX), z.array(part).min(1).max(PARTS_MAX)])
    .describe('A text, several, or the parts of one post. Pictures are fetched by the provider, never here.'),
  user: endUser,
});

const moderationSchema = z.object({
  id: z.string(),
  model: z.string(),
  results: z.array(
    z.looseObject({
      flagged: z.boolean(),
      categories: z.record(z.string(), z.boolean().nullable()),
      category_scores: z.record(z.string(), z.number().nullable()),
    }),
  ),
});

export function registerModerations(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/moderations',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'What is not allowed in texts and pictures, in OpenAI’s wire format',
      body: moderationBody,
      response: { 200: moderationSchema, ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const { model, user } = request.body;
      const input = inputOf(request.body.input);
      return answerSpent<ModerationResult>(gate, 'moderation', { input, model, user }, request, reply, (spent) => ({
        id: `modr-${spent.id}`,
        model: spent.model.name,
        results: spent.result.findings,
      }));
    },
  });
}

function inputOf(input: z.infer<typeof moderationBody>['input']): ModerationInput {
  if (typeof input === 'string') return { items: [input] };
  const texts = input.filter((item) => typeof item === 'string');
  const parts = input.filter((item) => typeof item !== 'string');
  return { items: parts.length > 0 ? [parts] : texts };
}
