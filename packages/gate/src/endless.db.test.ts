import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { isRefusal } from '@purser/core';
import { answerBytesMax } from '@purser/providers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

const OUTPUT_TOKENS = 50;
/** What lies in sockets and buffers on the way when the connection is closed. */
const UNDER_WAY_BYTES = 8_000_000;
const PIECE = 'x'.repeat(60_000);

let bench: GateBench;
let server: Server;
let origin: string;
let written = 0;
let asked: string[] = [];

/** Writes its answer on and on, in the protocol it is asked in, as fast as it is read. */
beforeAll(async () => {
  bench = await openGateBench();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      asked.push(request.url ?? '');
      const streams = body.includes('"stream":true') || (request.url ?? '').includes('streamGenerateContent');
      response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
      const [begin, piece] = wire(request.url ?? '', streams);
      response.write(begin);
      const go = (): void => {
        while (!response.destroyed) {
          written += piece.length;
          if (!response.write(piece)) break;
        }
      };
      response.on('drain', go);
      go();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  written = 0;
  asked = [];
});
afterEach(() => server.closeAllConnections());
afterAll(async () => {
  server.close();
  await bench.close();
});

/** How an answer begins, and what it goes on with. */
function wire(path: string, streams: boolean): readonly [string, string] {
  if (!streams) return [`{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"`, PIECE];
  if (path.includes('generateContent') || path.includes('GenerateContent'))
    return ['', `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: PIECE }] } }] })}\n\n`];
  if (path.endsWith('/messages')) {
    const start = { type: 'message_start', message: { id: 'x', model: 'm', usage: { input_tokens: 3, output_tokens: 1 } } };
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: PIECE } };
    return [`data: ${JSON.stringify(start)}\n\ndata: ${JSON.stringify(block)}\n\n`, `data: ${JSON.stringify(delta)}\n\n`];
  }
  return ['', `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content: PIECE } }] })}\n\n`];
}

const MODELS = { openai: 'gpt-4o-mini', ollama: 'llama3.2', anthropic: 'claude-haiku', gemini: 'gemini-2.5-flash' } as const;

/** Reads as much as comes; says how it ended. */
async function read(gate: Gate, model: string, how: string): Promise<string> {
  const caller = bench.caller('PRO');
  const request = ask('Go on.', { model, output_tokens_max: OUTPUT_TOKENS });
  const body = {
    model,
    messages: [{ role: 'user', content: 'Go on.' }],
    max_tokens: OUTPUT_TOKENS,
    stream: how.endsWith('stream'),
  };
  let end = '';
  if (how === 'generate') {
    const answer = await gate.generate(caller, request, PRESENT);
    end = isRefusal(answer) ? answer.code : 'served';
  } else if (how === 'stream') {
    const parts = await gate.stream(caller, request, PRESENT);
    if (isRefusal(parts)) return parts.code;
    for await (const part of parts) end = part.type === 'refusal' ? part.refusal.code : part.type;
  } else {
    const answer = await gate.chatCompletions(caller, { body }, PRESENT);
    if (isRefusal(answer)) return answer.code;
    if (answer.kind === 'whole') return 'served';
    for await (const chunk of answer.chunks) end = Buffer.from(chunk.subarray(-200)).toString();
  }
  await gate.settled(2_000);
  expect((await bench.metersOf(caller))['credits']?.used).toBe(0n);
  return end;
}

describe.each(Object.entries(MODELS))('%s', (provider, model) => {
  test.each(['generate', 'stream', 'chat', 'chat stream'])(
    'an answer without an end is cut off at what the output limit can be in bytes: %s',
    async (how) => {
      const gate = bench.gate({ [provider]: { base_url: origin, api_key: 'key-12345678' } }, { call_timeout_ms: 30_000 });
      const end = await read(gate, model, how);
      expect(end).toMatch(/provider_failed/u);
      const bytes_max = answerBytesMax({ output_tokens_max: OUTPUT_TOKENS, stream: true, request_bytes: 1_000 });
      expect(written).toBeLessThan(bytes_max + UNDER_WAY_BYTES);
      // What had gone out is not followed by another provider's, and the model is closed: it does not keep its limit.
      expect(asked).toHaveLength(1);
      expect(await read(gate, model, how)).toMatch(/no_model_allowed/u);
      expect(asked).toHaveLength(1);
    },
  );
});
