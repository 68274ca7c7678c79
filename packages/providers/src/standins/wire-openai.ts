import { PIXEL } from './media.ts';
import type { Reply, ReplyUsage } from './reply.ts';
import { dataEvent, type Wire } from './wire.ts';

const ID = 'chatcmpl-standin';
const CREATED = 1_750_000_000;

function usageReport(usage: ReplyUsage, output: number): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: output,
    // 1e300 swallows the input, a negative output does not pass either: the sum is as broken as its parts.
    total_tokens: usage.input + output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: Math.min(usage.reasoning, Math.max(output, 0)), audio_tokens: 0 },
  };
}

function chunk(reply: Reply, choices: readonly object[], usage: object | null): string {
  return dataEvent({ id: ID, object: 'chat.completion.chunk', created: CREATED, model: reply.model, choices, usage });
}

function messageOf({ pieces, calls }: Reply): object {
  if (calls.length === 0) return { role: 'assistant', content: pieces.join('') };
  const tool_calls = calls.map(({ name, input }, index) => ({
    id: `call_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  return { role: 'assistant', content: null, tool_calls };
}

/** Each call is named by its first piece, its arguments follow in two. */
function callPieces({ calls }: Reply): object[] {
  return calls.flatMap(({ name, input }, index) => {
    const text = JSON.stringify(input);
    return [
      { index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } },
      ...[text.slice(0, 3), text.slice(3)].map((piece) => ({ index, function: { arguments: piece } })),
    ];
  });
}

function finishOf({ calls, finish }: Reply): string {
  return calls.length > 0 ? 'tool_calls' : finish;
}

/** OpenAI's chat completions. */
export const openAiWire: Wire = {
  whole(reply) {
    return {
      id: ID,
      object: 'chat.completion',
      created: CREATED,
      model: reply.model,
      choices: [{ index: 0, message: messageOf(reply), logprobs: null, finish_reason: finishOf(reply) }],
      ...(reply.usage ? { usage: usageReport(reply.usage, reply.usage.output) } : {}),
    };
  },
  events(reply) {
    const { usage, pieces } = reply;
    const texts = pieces.map((content, index) => {
      const sofar = usage && reply.usage_each_piece ? usageReport(usage, index + 1) : null;
      return chunk(reply, [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], sofar);
    });
    const first = chunk(reply, [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], null);
    if (reply.unfinished) return [first, ...texts];
    const calls = callPieces(reply).map((call) =>
      chunk(reply, [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }], null),
    );
    const finish = chunk(reply, [{ index: 0, delta: {}, finish_reason: finishOf(reply) }], null);
    const last = usage ? [chunk(reply, [], usageReport(usage, usage.output))] : [];
    return [first, ...texts, ...calls, finish, ...last, 'data: [DONE]\n\n'];
  },
  streamError: () => dataEvent({ error: { message: 'the stand-in lost its thread', type: 'server_error', code: null } }),
  error: (status, message) => ({
    error: { message, type: status === 429 ? 'rate_limit_exceeded' : 'invalid_request_error', code: null },
  }),
};

/** OpenAI's images: as many as were asked for, each a small PNG. */
export function openAiImages(body: Readonly<Record<string, unknown>>, reportUsage: boolean): object {
  const count = typeof body['n'] === 'number' ? body['n'] : 1;
  const input_tokens = Math.ceil(Buffer.byteLength(String(body['prompt'])) / 4);
  const output_tokens = 272 * count;
  return {
    created: 1_764_000_000,
    data: Array.from({ length: count }, () => ({ b64_json: PIXEL })),
    ...(reportUsage ? { usage: { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens } } : {}),
  };
}

/** OpenAI's embeddings: one short unit vector per input, in the format that was asked for. */
export function openAiEmbeddings(
  body: Readonly<Record<string, unknown>>,
  inputs: readonly string[],
  reportUsage: boolean,
): object {
  const tokens = inputs.reduce((sum, input) => sum + Math.ceil(Buffer.byteLength(input) / 4), 0);
  const base64 = body['encoding_format'] === 'base64';
  return {
    object: 'list',
    data: inputs.map((input, index) => {
      const vector = [1, 0, input.length % 2 === 0 ? 0 : 1];
      const embedding = base64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector;
      return { object: 'embedding', index, embedding };
    }),
    model: body['model'],
    ...(reportUsage ? { usage: { prompt_tokens: tokens, total_tokens: tokens } } : {}),
  };
}
