import { isRefusal } from '@purser/core';
import type { ImageInput, ImageResult, Spent } from '@purser/gate';
import { type App, callerOf, callerSignal, openAiErrors, sendChunks, sendRefusal } from '@purser/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { requestOf, sendSpent } from './answer-spent.ts';
import type { GatewayDeps } from './deps.ts';
import { billInEvent } from './describe-call.ts';
import { describeStream } from './describe-limits.ts';
import { endUser } from './end-user.ts';

/** As OpenAI's own endpoint has it. */
const REFERENCES_MAX = 16;
const SIZE = /^(?:auto|[1-9]\d{1,4}x[1-9]\d{1,4})$/u;
const SIZE_WANTED = 'want `auto`, or a width and a height such as 1024x1024';

const size = z.string().regex(SIZE, SIZE_WANTED).describe('`auto`: 1024x1024.');
const quality = z.enum(['auto', 'low', 'medium', 'high']).describe('`auto`: medium, where the model knows qualities.');
const model = z.string().min(1).max(200).describe('One of GET /v1/models; `auto`, or none, leaves the choice to the plan.');
const NO_PARTIALS = 'Images are sent when they are done; a half-drawn one is not.';

/** What OpenAI's own endpoint takes besides, and every model here draws by its default, is refused by name: nothing is left out in silence. */
const drawBody = z.strictObject({
  model: model.nullish(),
  prompt: z.string().min(1),
  n: z.int().min(1).max(10).nullish(),
  size: size.nullish(),
  quality: quality.nullish(),
  output_format: z.literal('png').nullish(),
  response_format: z.literal('b64_json').nullish().describe('Images are in the answer; no address of one is given.'),
  stream: z.boolean().nullish(),
  partial_images: z.literal(0).nullish().describe(NO_PARTIALS),
  user: endUser,
});

const picture = z.file().min(1).describe('png, jpeg or webp.');
const editBody = z.strictObject({
  image: z.union([picture, z.array(picture).min(1).max(REFERENCES_MAX)]).describe('What is to be changed, or drawn from.'),
  mask: picture.optional().describe('What is transparent in it is where the first image may be changed.'),
  model: model.optional(),
  prompt: z.string().min(1),
  n: z
    .string()
    .regex(/^(?:[1-9]|10)$/u, 'want 1 to 10')
    .optional(),
  size: size.optional(),
  quality: quality.optional(),
  input_fidelity: z.literal('low').optional(),
  output_format: z.literal('png').optional(),
  response_format: z.literal('b64_json').optional(),
  stream: z.enum(['true', 'false']).optional(),
  partial_images: z.literal('0').optional().describe(NO_PARTIALS),
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
const ANSWERS = {
  200: {
    description: 'The images, or with `stream` an event for each.',
    content: { 'application/json': { schema: imagesSchema }, 'text/event-stream': { schema: z.string() } },
  },
  ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504),
};

interface Wanted {
  readonly input: ImageInput;
  readonly model: string | null | undefined;
  readonly user: string | null | undefined;
  readonly stream: boolean;
  readonly kind: 'image_generation' | 'image_edit';
}

export function registerImages(app: App, deps: GatewayDeps): void {
  const { bounds } = deps;
  app.route({
    method: 'POST',
    url: '/v1/images/generations',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: { tags: ['OpenAI'], summary: 'Images by a prompt, in OpenAI’s wire format', body: drawBody, response: ANSWERS },
    handler: async (request, reply) => {
      const { prompt, n, size: wanted, quality: asked, stream, ...more } = request.body;
      const input = { prompt, count: n ?? 1, size: named(wanted) ?? '1024x1024', quality: named(asked) };
      return answerImages(deps, request, reply, {
        input,
        model: more.model,
        user: more.user,
        stream: stream === true,
        kind: 'image_generation',
      });
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/images/edits',
    config: { access: 'workspace', spends: true, uploads: true },
    bodyLimit: bounds.upload_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'Images changed by a prompt, in OpenAI’s wire format',
      consumes: ['multipart/form-data'],
      body: editBody,
      response: ANSWERS,
    },
    handler: async (request, reply) => {
      const { prompt, n, size: wanted, quality: asked, image, mask, stream, ...more } = request.body;
      const references = await Promise.all([image].flat().map(fileOf));
      const input = {
        prompt,
        count: Number(n ?? 1),
        size: named(wanted) ?? '1024x1024',
        quality: named(asked),
        references,
        ...(mask === undefined ? {} : { mask: await fileOf(mask) }),
      };
      return answerImages(deps, request, reply, {
        input,
        model: more.model,
        user: more.user,
        stream: stream === 'true',
        kind: 'image_edit',
      });
    },
  });
}

async function fileOf(file: File): Promise<NonNullable<ImageInput['mask']>> {
  return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name, type: file.type };
}

/** OpenAI's word for no wish, and what clients send for "not set". */
function named<T extends string>(wish: T | null | undefined): Exclude<T, 'auto'> | undefined {
  return wish === null || wish === 'auto' ? undefined : (wish as Exclude<T, 'auto'> | undefined);
}

async function answerImages(
  { gate, clock }: GatewayDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { input, model: wanted, user, stream, kind }: Wanted,
): Promise<FastifyReply> {
  const asked = requestOf(request, { input, model: wanted, user });
  const spent = await gate.spend<ImageResult>(callerOf(request), 'image', asked, callerSignal(reply));
  if (isRefusal(spent)) return sendRefusal(request, reply, spent);
  const created = Math.floor(clock.now().epochMilliseconds / 1000);
  const whole = wireImages(spent, input, created);
  // Built here to the published shape: megabytes are not looked at once more.
  if (!stream) return sendSpent(reply, spent, 'application/json; charset=utf-8', JSON.stringify(whole));
  describeStream(gate, request, reply, spent.replayed ? { call: spent, replayed: true } : { call: spent });
  await sendChunks(reply, eventsOf(whole, spent, kind));
  return reply;
}

/** An event for each image when all are done, with what they came to in the last. */
async function* eventsOf(
  { data, usage, created, ...drawn }: z.infer<typeof imagesSchema>,
  spent: Spent<ImageResult>,
  kind: Wanted['kind'],
): AsyncGenerator<string> {
  for (const [index, { b64_json }] of data.entries()) {
    const event = { type: `${kind}.completed`, b64_json, background: 'auto', created_at: created, ...drawn, usage };
    yield `event: ${event.type}\ndata: ${JSON.stringify(index === data.length - 1 ? { ...event, purser: billInEvent(spent) } : event)}\n\n`;
  }
}

function wireImages(
  { result, usage }: Spent<ImageResult>,
  { size: wanted, quality: asked }: ImageInput,
  created: number,
): z.infer<typeof imagesSchema> {
  const drawn = usage.images?.[0];
  return {
    created,
    data: result.images.map((image) => ({ b64_json: Buffer.from(image).toString('base64') })),
    output_format: 'png',
    quality: drawn?.quality ?? asked ?? 'auto',
    size: drawn?.size ?? wanted,
    usage: {
      input_tokens: usage.input_tokens,
      output_tokens: usage.output_tokens,
      total_tokens: usage.input_tokens + usage.output_tokens,
    },
  };
}
