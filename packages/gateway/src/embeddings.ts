import { isRefusal, RefusalError, refuse } from '@purser/core';
import type { EmbeddingResult, Spent } from '@purser/gate';
import { USER_NAME, WANTED_USER_NAME } from '@purser/identity';
import { z } from 'zod';
import { type App, callerOf, callerSignal, idempotencyOf, openAiErrors, sendRefusal } from '@purser/http';

import { describeBill, describeCall } from './describe-call.ts';
import type { GatewayDeps } from './deps.ts';

/** As OpenAI's own endpoint has it. */
const INPUTS_MAX = 2_048;

const text = z.string().min(1);
const tokens = z.array(z.int());

const embeddingsBody = z.strictObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  input: z
    .union([text, z.array(text).min(1).max(INPUTS_MAX), tokens.min(1), z.array(tokens.min(1)).min(1).max(INPUTS_MAX)])
    .describe(
      'A text, or several: one vector is made of each. Tokens are refused: which text they are is the model’s own affair.',
    ),
  dimensions: z
    .int()
    .min(1)
    .max(100_000)
    .nullish()
    .describe('The length of each vector, where the model can make others than its own.'),
  encoding_format: z.enum(['float', 'base64']).nullish().describe('`base64`: the bytes of 32-bit floats, little-endian.'),
  user: z
    .string()
    .refine((user) => user === '' || USER_NAME.test(user), WANTED_USER_NAME)
    .nullish()
    .describe('The end user, for per-user limits: 1 to 256 characters; empty means none.'),
});

const listSchema = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({ object: z.literal('embedding'), index: z.int(), embedding: z.union([z.array(z.number()), z.string()]) }),
  ),
  model: z.string(),
  usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
});

export function registerEmbeddings(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/embeddings',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'Vectors of texts, in OpenAI’s wire format',
      description: 'No other model stands in for the one that is chosen: vectors are compared with those of the same model only.',
      body: embeddingsBody,
      response: { 200: listSchema, ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const { model, input, dimensions, encoding_format, user } = request.body;
      const idempotency = idempotencyOf(request);
      const spent = await gate.spend<EmbeddingResult>(
        callerOf(request),
        'embedding',
        {
          input: { inputs: textsOf(input), dimensions: dimensions ?? undefined },
          model,
          ...(user ? { user } : {}),
          ...(idempotency !== undefined && { idempotency }),
          ...(request.arrival !== null && { arrival: request.arrival }),
        },
        callerSignal(reply),
      );
      if (isRefusal(spent)) return sendRefusal(request, reply, spent);
      if (spent.replayed) reply.header('idempotency-replayed', 'true');
      describeCall(reply, spent);
      describeBill(reply, { cost: spent.cost, charged: spent.credits.charged });
      // Built here to the published shape: thousands of numbers are not looked at once more.
      reply.type('application/json; charset=utf-8').serializer(JSON.stringify);
      return reply.send(listOf(spent, encoding_format === 'base64' ? base64Of : (vector) => [...vector]));
    },
  });
}

function textsOf(input: z.infer<typeof embeddingsBody>['input']): readonly string[] {
  if (typeof input === 'string') return [input];
  if (input.every((one) => typeof one === 'string')) return input;
  throw new RefusalError(refuse('invalid_request', 'input: got tokens, want a text or a list of texts'));
}

function listOf(
  { result, model, usage }: Spent<EmbeddingResult>,
  encode: (vector: readonly number[]) => number[] | string,
): z.infer<typeof listSchema> {
  return {
    object: 'list',
    data: result.vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
    model: model.name,
    usage: { prompt_tokens: usage.input_tokens, total_tokens: usage.input_tokens },
  };
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}
