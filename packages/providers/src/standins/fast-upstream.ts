import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { argv } from 'node:process';

/**
 * The cheapest OpenAI-shaped upstream there is: one answer of about 1 kB and one stream of 20 chunks, both written beforehand, from
 * a bare socket. For benchmarks, where the upstream must not be what is measured. It speaks as much HTTP/1.1 as clients of a gateway
 * need: requests with a `content-length` on connections that stay open. Runs alone: `node fast-upstream.ts [port]`.
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
];

function head(fields: string): string {
  return `HTTP/1.1 200 OK\r\nx-standin: fast\r\n${fields}\r\nconnection: keep-alive\r\n\r\n`;
}

/** Each event is a chunk of its own. */
function chunked(events: readonly string[]): string {
  return `${events.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join('')}0\r\n\r\n`;
}

const PLAIN_ANSWER = Buffer.concat([
  Buffer.from(head(`content-type: application/json\r\ncontent-length: ${WHOLE.length}`)),
  WHOLE,
]);
const STREAMED_ANSWER = Buffer.from(head('content-type: text/event-stream\r\ntransfer-encoding: chunked') + chunked(EVENTS));
const NOT_HTTP = Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');

const HEAD_MAX = 65_536;

/** Answers the requests of one connection in their order, however the network cuts them. */
function serve(socket: Socket): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    for (;;) {
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) {
        if (received.length > HEAD_MAX) socket.end(NOT_HTTP);
        return;
      }
      const length = /\r\ncontent-length: *(\d+)/iu.exec(received.toString('latin1', 0, headEnd))?.[1] ?? '0';
      const end = headEnd + 4 + Number(length);
      if (received.length < end) return;
      const streams = /"stream"\s*:\s*true/u.test(received.toString('latin1', headEnd, end));
      received = received.subarray(end);
      socket.write(streams ? STREAMED_ANSWER : PLAIN_ANSWER);
    }
  });
}

/** Listens on loopback; `port` 0 takes any free one. */
export function startFastUpstream(port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${portOf(server)}/v1`, close }));
  });
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo;
  return address.port;
}

if (import.meta.main) {
  const { url } = await startFastUpstream(Number(argv[2] ?? 0));
  console.log(url);
}
