import { RefusalError, refuse } from '@purser/core';
import type { EmbeddingInput, EmbeddingResult, Spent } from '@purser/gate';
import { z } from 'zod';
import { type App, openAiErrors } from '@purser/http';

import { answerSpent } from './answer-spent.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';

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
  user: endUser,
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
      const wanted: EmbeddingInput = { inputs: textsOf(input), dimensions: dimensions ?? undefined };
      return answerSpent<EmbeddingResult>(gate, 'embedding', { input: wanted, model, user }, request, reply, (spent) =>
        listOf(spent, encoding_format === 'base64' ? base64Of : (vector) => [...vector]),
      );
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
  // Little-endian, as every machine is that Node runs on.
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}
