import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { argv } from 'node:process';

/**
 * The cheapest OpenAI-shaped upstream there is: one answer of about 1 kB and one stream of 20 chunks, both written beforehand.
 * For benchmarks, where the upstream must not be what is measured. Runs alone: `node fast-upstream.ts [port]`.
 */

const CHUNKS = 20;
const MODEL = 'standin-fast';
const USAGE = { prompt_tokens: 24, completion_tokens: CHUNKS, total_tokens: 24 + CHUNKS };
const WORDS = 'A purser keeps a ship’s money and stores: nobody is served what the voyage cannot pay for. '.repeat(8);

const WHOLE = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-standin',
    object: 'chat.completion',
    created: 1_750_000_000,
    model: MODEL,
    choices: [{ index: 0, message: { role: 'assistant', content: WORDS }, logprobs: null, finish_reason: 'stop' }],
    usage: USAGE,
  }),
);

function event(choices: readonly object[], usage: object | null): string {
  const chunk = { id: 'chatcmpl-standin', object: 'chat.completion.chunk', created: 1_750_000_000, model: MODEL, choices, usage };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

const EVENTS = [
  ...Array.from({ length: CHUNKS }, (_, index) =>
    event([{ index: 0, delta: { content: `word ${index} ` }, finish_reason: null }], null),
  ),
  event([{ index: 0, delta: {}, finish_reason: 'stop' }], null),
  event([], USAGE),
  'data: [DONE]\n\n',
].map((text) => Buffer.from(text));

const COMMON = { 'x-standin': 'fast' };

/** Listens on loopback; `port` 0 takes any free one. */
export function startFastUpstream(port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    let streams = false;
    request.on('data', (bytes: Buffer) => {
      // "stream":true, wherever the chunk boundary falls, is short enough to be whole in all but contrived cases.
      streams ||= /"stream"\s*:\s*true/u.test(bytes.toString('latin1'));
    });
    request.on('end', () => {
      if (!streams) {
        response.writeHead(200, { ...COMMON, 'content-type': 'application/json', 'content-length': WHOLE.length });
        response.end(WHOLE);
        return;
      }
      response.writeHead(200, { ...COMMON, 'content-type': 'text/event-stream' });
      for (const bytes of EVENTS) response.write(bytes);
      response.end();
    });
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${portOf(server)}/v1`, close: () => close(server) }));
  });
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo;
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

if (import.meta.main) {
  const { url } = await startFastUpstream(Number(argv[2] ?? 0));
  console.log(url);
}
