import type { ImageInput, ImageResult, Spent } from '@purser/gate';
import { z } from 'zod';
import { type App, openAiErrors } from '@purser/http';

import { answerSpent } from './answer-spent.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';

/** What OpenAI's own endpoint takes besides, and every model here draws by its default, is refused by name: nothing is left out in silence. */
const imagesBody = z.strictObject({
  model: z.string().min(1).max(200).nullish().describe('One of GET /v1/models; `auto`, or none, leaves the choice to the plan.'),
  prompt: z.string().min(1),
  n: z.int().min(1).max(10).nullish(),
  size: z
    .string()
    .regex(/^(?:auto|[1-9]\d{1,4}x[1-9]\d{1,4})$/u, 'want `auto`, or a width and a height such as 1024x1024')
    .nullish()
    .describe('`auto`: 1024x1024.'),
  quality: z.enum(['auto', 'low', 'medium', 'high']).nullish().describe('`auto`: medium.'),
  output_format: z.literal('png').nullish(),
  response_format: z.literal('b64_json').nullish().describe('Images are in the answer; no address of one is given.'),
  user: endUser,
});

const imagesSchema = z.object({
  created: z.int(),
  data: z
    .array(z.object({ b64_json: z.string() }))
    .describe('Fewer than asked for where less is left; then `purser-degraded` says so.'),
  output_format: z.literal('png'),
  quality: z.string(),
  size: z.string(),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
});

export function registerImages(app: App, { gate, bounds, clock }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/images/generations',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'Images by a prompt, in OpenAI’s wire format',
      body: imagesBody,
      response: { 200: imagesSchema, ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const { model, user } = request.body;
      const input = inputOf(request.body);
      return answerSpent<ImageResult>(gate, 'image', { input, model, user }, request, reply, (spent) =>
        wireImages(spent, input, Math.floor(clock.now().epochMilliseconds / 1000)),
      );
    },
  });
}

function inputOf({ prompt, n, size, quality }: z.infer<typeof imagesBody>): ImageInput {
  return {
    prompt,
    count: n ?? 1,
    size: named(size) ?? '1024x1024',
    quality: named(quality) ?? 'medium',
  };
}

/** OpenAI's word for no wish, and what clients send for "not set". */
function named<T extends string>(wish: T | null | undefined): Exclude<T, 'auto'> | undefined {
  return wish === null || wish === 'auto' ? undefined : (wish as Exclude<T, 'auto'> | undefined);
}

function wireImages(
  { result, usage }: Spent<ImageResult>,
  { size, quality }: ImageInput,
  created: number,
): z.infer<typeof imagesSchema> {
  const drawn = usage.images?.[0];
  return {
    created,
    data: result.images.map((image) => ({ b64_json: Buffer.from(image).toString('base64') })),
    output_format: 'png',
    quality: drawn?.quality ?? quality,
    size: drawn?.size ?? size,
    usage: {
      input_tokens: usage.input_tokens,
      output_tokens: usage.output_tokens,
      total_tokens: usage.input_tokens + usage.output_tokens,
    },
  };
}
