import { isRefusal, type Refusal, refuse, refusalKind, RefusalError } from '@purser/core';
import type { EmbeddingInput, EmbeddingResult, OpenAiChatBody } from '@purser/gate';
import type { Caller } from '@purser/identity';

import { callerOf } from './callers.ts';
import type { Parts } from './open-parts.ts';
import type { Spender } from './types.ts';

type Fetch = typeof globalThis.fetch;

/** OpenAI's protocol without a network: what a client sends to any host goes to the engine, and comes back as a server would answer it. */
export function fetchFor(parts: Parts, spender: Spender): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    try {
      const body: unknown = await request.json().catch(() => undefined);
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new RefusalError(refuse('invalid_request', 'the body is not a JSON object'));
      const caller = await callerOf(parts, spender);
      if (request.method === 'POST' && pathname.endsWith('/chat/completions'))
        return await chat(parts, caller, body as OpenAiChatBody, request);
      if (request.method === 'POST' && pathname.endsWith('/embeddings')) return await embed(parts, caller, body, request);
      throw new RefusalError(
        refuse(
          'not_found',
          `there is no ${request.method} ${pathname.slice(0, 200)} in here; there are POST /v1/chat/completions and /v1/embeddings`,
        ),
      );
    } catch (error) {
      if (error instanceof RefusalError) return refused(error.refusal);
      throw error;
    }
  };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

async function chat({ gate }: Parts, caller: Caller, body: OpenAiChatBody, { signal }: Request): Promise<Response> {
  if (typeof body.model !== 'string' || !Array.isArray(body.messages))
    throw new RefusalError(refuse('invalid_request', 'want a model and messages'));
  const answer = await gate.chatCompletions(caller, { body }, signal);
  if (isRefusal(answer)) return refused(answer);
  if (answer.kind === 'whole') return new Response(Buffer.from(answer.body), { status: answer.status, headers: JSON_TYPE });
  const chunks = answer.chunks[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
  return new Response(stream, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

interface EmbeddingBody {
  readonly model?: unknown;
  readonly input?: unknown;
  readonly dimensions?: unknown;
  readonly encoding_format?: unknown;
}

async function embed({ gate }: Parts, caller: Caller, body: EmbeddingBody, { signal }: Request): Promise<Response> {
  const { model, dimensions, encoding_format } = body;
  const inputs: unknown[] = Array.isArray(body.input) ? body.input : [body.input];
  if (
    typeof model !== 'string' ||
    inputs.length === 0 ||
    !inputs.every((text): text is string => typeof text === 'string' && text !== '')
  )
    throw new RefusalError(refuse('invalid_request', 'want a model, and as input a text or a list of texts, none of them empty'));
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && (dimensions as number) > 0))
    throw new RefusalError(refuse('invalid_request', 'dimensions: want a whole number above zero'));
  const input: EmbeddingInput = { inputs, dimensions: dimensions as number | undefined };
  const spent = await gate.spend<EmbeddingResult>(caller, 'embedding', { input, model }, signal);
  if (isRefusal(spent)) return refused(spent);
  const tokens = spent.usage.input_tokens;
  const written = (vector: EmbeddingResult['vectors'][number]): unknown =>
    encoding_format === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : [...vector];
  const data = spent.result.vectors.map((vector, index) => ({ object: 'embedding', index, embedding: written(vector) }));
  const answer = { object: 'list', data, model: spent.model.name, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  return new Response(JSON.stringify(answer), { headers: JSON_TYPE });
}

/** As OpenAI tells an error, with the code of the refusal. */
function refused({ code, detail, retryAfterSeconds }: Refusal): Response {
  const { status, title } = refusalKind(code);
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': `${Math.max(1, Math.ceil(retryAfterSeconds))}` };
  // What money and plans refuse is refused again: a client that asks once more only waits.
  const again = { 'x-should-retry': `${status >= 500 && status !== 501}` };
  return new Response(JSON.stringify({ error: { message: detail || title, type, code, param: null } }), {
    status,
    headers: { ...JSON_TYPE, ...wait, ...again },
  });
}
