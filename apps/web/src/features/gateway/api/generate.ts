import type { Answer, Complexity } from '@purser/api';
import type { Money } from '../../../words/amount.ts';
import { ProblemError, problemFrom } from '../../../api/client.ts';
import { fetchApi } from '../../../api/server.ts';
import { EventStreamParser, type ServerEvent } from './event-stream.ts';
import type { Problem } from '../../../api/problem.ts';

export interface GenerateBody {
  readonly operation: string;
  readonly prompt: string;
  readonly complexity: Complexity;
  readonly max_cost?: Money;
}

export type GenerateEvent = { readonly type: 'text'; readonly text: string } | { readonly type: 'end'; readonly answer: Answer };

/**
 * One governed call, streamed. Ends with `end`, always, or throws.
 * @throws ProblemError when refused, before or during the stream; TypeError when the connection breaks; AbortError when stopped.
 */
export async function* generate(body: GenerateBody, idempotency_key: string, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
  const response = await fetchApi('/api/ai/generate', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'idempotency-key': idempotency_key },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw await problemFrom(response);
  // A replayed answer may come whole: it is the same JSON as the stream's last event.
  if (response.body === null || response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    const answer = (await response.json()) as Answer;
    yield { type: 'text', text: answer.output };
    yield { type: 'end', answer };
    return;
  }
  for await (const event of serverEvents(response.body)) {
    const read = readEvent(event);
    if (read === undefined) continue;
    yield read;
    if (read.type === 'end') return;
  }
  throw new TypeError('the stream ended before the answer did');
}

async function* serverEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerEvent> {
  const parser = new EventStreamParser();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function readEvent({ event, data }: ServerEvent): GenerateEvent | undefined {
  switch (event) {
    case 'text':
      return { type: 'text', text: (JSON.parse(data) as { text: string }).text };
    case 'end':
      return { type: 'end', answer: JSON.parse(data) as Answer };
    case 'problem':
      throw new ProblemError(JSON.parse(data) as Problem);
    default:
      return undefined;
  }
}
