import { connect, type Socket } from 'node:net';

import { percentile } from '../report.ts';

export interface LoadFigures {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly requests: number;
  readonly failures: number;
}

const BODY = {
  model: 'gpt-4o-mini',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What does a purser keep on a ship, and why does nobody sail without one?' }],
};

/** The smallest answer that can be whole. */
const ANSWER_MIN = 500;

/**
 * `callers` callers, each with one request at a time on a connection of its own, for `seconds`; every answer is read to its end. A
 * bare socket each: what a client library would cost here would be taken from the two cores that are measured.
 */
export async function load(
  target: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  callers: number,
  seconds: number,
  stream: boolean,
): Promise<LoadFigures> {
  const url = new URL(target.url);
  const body = JSON.stringify(stream ? { ...BODY, stream } : BODY);
  const headers = {
    host: url.host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...target.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`POST ${url.pathname}/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  const samples: number[] = [];
  let failures = 0;
  let failure: string | undefined;
  const started = performance.now();
  const until = started + seconds * 1000;
  const one = async (): Promise<void> => {
    const connection = await openConnection(url);
    while (performance.now() < until) {
      const before = performance.now();
      const answer = await connection.ask(request);
      if (answer.toString('latin1', 9, 12) === '200' && answer.length >= ANSWER_MIN) samples.push(performance.now() - before);
      else {
        failure ??= answer.toString('utf8', 0, ANSWER_MIN);
        failures++;
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: callers }, one));
  const elapsed_s = (performance.now() - started) / 1000;
  if (samples.length === 0) throw new Error(`every request to ${target.url} failed; the first with ${failure}`);
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    per_second: Math.round(samples.length / elapsed_s),
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    requests: samples.length,
    failures,
  };
}

interface Connection {
  /** The whole answer, head and all. @throws when the connection ends before it. */
  ask(request: Buffer): Promise<Buffer>;
  close(): void;
}

async function openConnection(url: URL): Promise<Connection> {
  const socket: Socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received: Buffer = Buffer.alloc(0);
  let waiting = Promise.withResolvers<Buffer>();
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    if (!isWhole(received)) return;
    const answer = received;
    received = Buffer.alloc(0);
    waiting.resolve(answer);
  });
  socket.on('error', (error) => waiting.reject(error));
  socket.on('close', () => waiting.reject(new Error('the connection was closed before the answer was whole')));
  return {
    ask(request) {
      waiting = Promise.withResolvers<Buffer>();
      socket.write(request);
      return waiting.promise;
    },
    close() {
      waiting.promise.catch(() => {});
      socket.destroy();
    },
  };
}

const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/** Whether an answer has come to its end: by its length, or by its last chunk. One answer at a time, so nothing follows it. */
function isWhole(received: Buffer): boolean {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/iu.exec(received.toString('latin1', 0, headEnd))?.[1];
  if (length !== undefined) return received.length >= headEnd + 4 + Number(length);
  return received.length >= LAST_CHUNK.length && received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}
