import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the provider will put on its bill for one request. */
export interface Billed {
  readonly request_id: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** A provider of OpenAI's protocol that keeps its own account of what it bills, apart from what it manages to say. */
export interface BillingUpstream {
  readonly url: string;
  readonly billed: ReadonlyMap<string, Billed>;
  close(): Promise<void>;
}

/** In a hundred requests: how many it serves in each way. The rest is honest. */
const WAYS = [
  { way: 'cut', of: 3 },
  { way: 'no_usage', of: 4 },
  { way: 'slow', of: 12 },
  { way: 'echo', of: 8 },
  { way: 'reasoning', of: 6 },
] as const;

type Way = (typeof WAYS)[number]['way'] | 'honest';

function wayOf(count: number): Way {
  // A fixed walk through all of a hundred, so that every run has the same mixture.
  let at = (count * 37) % 100;
  for (const { way, of } of WAYS) {
    if (at < of) return way;
    at -= of;
  }
  return 'honest';
}

export async function startBillingUpstream(): Promise<BillingUpstream> {
  const billed = new Map<string, Billed>();
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    serve(request, response, count, billed).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    billed,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly metadata?: unknown;
  readonly max_completion_tokens: number;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  count: number,
  billed: Map<string, Billed>,
): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const asked = JSON.parse(text) as Asked;
  const way = wayOf(count);
  const request_id = `upstream-${count}`;
  // Never more input than bytes, never more output than the limit: what a provider may do.
  const input_tokens = Math.floor(text.length / 8) + (count % 5);
  const output_tokens = Math.min(asked.max_completion_tokens, 3 + (count % 40));
  billed.set(request_id, { request_id, input_tokens, output_tokens });
  response.setHeader('x-request-id', request_id);
  if (way === 'slow') await sleep(300);
  const usage = {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
    ...(way === 'reasoning' && { completion_tokens_details: { reasoning_tokens: output_tokens - 1 } }),
  };
  const told = way === 'no_usage' ? {} : { usage };
  // An echo of the request that looks like usage, and comes after it.
  const echo = way === 'echo' ? { metadata: { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } } } : {};
  if (asked.stream === true) await sendStream(response, asked.model, told, echo, way);
  else sendWhole(response, asked.model, told, echo, way);
}

const base = (object: string, model: string) => ({ id: 'chatcmpl-1', object, created: 1_700_000_000, model });

function sendWhole(response: ServerResponse, model: string, told: object, echo: object, way: Way): void {
  const message = { role: 'assistant', content: 'It opened in 1887.' };
  const body = JSON.stringify({
    ...base('chat.completion', model),
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    ...told,
    ...echo,
  });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  if (way === 'cut') response.write(body.slice(0, 40), () => response.destroy());
  else response.end(body);
}

async function sendStream(response: ServerResponse, model: string, told: object, echo: object, way: Way): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (data: object): void => {
    response.write(`data: ${JSON.stringify({ ...base('chat.completion.chunk', model), ...data })}\n\n`);
  };
  for (const content of ['It ', 'opened ', 'in ', '1887.']) {
    event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    await sleep(5);
    if (way === 'cut') {
      response.destroy();
      return;
    }
  }
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  event({ choices: [], ...told, ...echo });
  response.end('data: [DONE]\n\n');
}
