import { isRefusal } from '@purser/core';
import type { EmbeddingInput, EmbeddingResult, Spent } from '@purser/gate';
import { z } from 'zod';
import { type App, callerOf, callerSignal, openAiErrors, sendRefusal } from '@purser/http';

import { requestOf, sendSpent } from './answer-spent.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';

/** As OpenAI's own endpoint has it. */
const INPUTS_MAX = 2_048;

const text = z.string().min(1);
const tokens = z.array(z.int().min(0).max(2_147_483_647));

const embeddingsBody = z.strictObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  input: z
    .union([text, z.array(text).min(1).max(INPUTS_MAX), tokens.min(1), z.array(tokens.min(1)).min(1).max(INPUTS_MAX)])
    .describe('A text, or several, or the tokens of one or several where the provider takes them: one vector is made of each.'),
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
      const wanted: EmbeddingInput = { inputs: inputsOf(input), dimensions: dimensions ?? undefined };
      const asked = requestOf(request, { input: wanted, model, user });
      const spent = await gate.spend<EmbeddingResult>(callerOf(request), 'embedding', asked, callerSignal(reply));
      if (isRefusal(spent)) return sendRefusal(request, reply, spent);
      return sendSpent(reply, spent, 'application/json; charset=utf-8', await listOf(spent, encoding_format === 'base64'));
    },
  });
}

/** One vector is made of a text, or of the tokens of one. */
function inputsOf(input: z.infer<typeof embeddingsBody>['input']): EmbeddingInput['inputs'] {
  if (typeof input === 'string') return [input];
  const [first] = input;
  return typeof first === 'number' ? [input as number[]] : (input as string[] | number[][]);
}

/** So many numbers are written out at once; between two turns everything else that waits is seen to. */
const AT_ONCE_NUMBERS = 50_000;

/** The list as JSON, to the published shape: 2,048 vectors are millions of numbers, so they are written out in turns. */
async function listOf({ result, model, usage }: Spent<EmbeddingResult>, base64: boolean): Promise<string> {
  const parts: string[] = [];
  let numbers = 0;
  for (const [index, vector] of result.vectors.entries()) {
    const embedding = base64 ? `"${base64Of(vector)}"` : JSON.stringify([...vector]);
    parts.push(`{"object":"embedding","index":${index},"embedding":${embedding}}`);
    numbers += vector.length;
    if (numbers < AT_ONCE_NUMBERS) continue;
    numbers = 0;
    await new Promise(setImmediate);
  }
  const count = { prompt_tokens: usage.input_tokens, total_tokens: usage.input_tokens };
  return `{"object":"list","data":[${parts.join(',')}],"model":${JSON.stringify(model.name)},"usage":${JSON.stringify(count)}}`;
}

function base64Of(vector: EmbeddingResult['vectors'][number]): string {
  // Little-endian, as every machine is that Node runs on.
  const { buffer, byteOffset, byteLength } = vector instanceof Float32Array ? vector : Float32Array.from(vector);
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
