import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputLimitName } from '../output-limit.ts';
import { isMisbehaviour, type Misbehaviour, MISBEHAVIOURS, misbehaviourOf, modelOf } from './misbehaviour.ts';
import { type Judge, judgeAnthropic, judgeGemini, judgeOpenAi } from './judge.ts';
import { replyTo } from './reply.ts';
import { anthropicWire } from './wire-anthropic.ts';
import { geminiWire } from './wire-gemini.ts';
import { openAiEmbeddings, openAiImages, openAiWire } from './wire-openai.ts';
import { geminiImage, openAiEdits, sendModeration } from './media.ts';
import { sendSpeech } from './speak.ts';
import { readForm, sendTranscription } from './transcribe.ts';
import type { Wire } from './wire.ts';
import { askedOf, wishesOf } from './wishes.ts';

export interface StandInOptions {
  /** How it behaves when neither the `x-standin` header nor the model's name says so. */
  readonly misbehaviour?: Misbehaviour;
  /** What `slow` waits, and `drip` before each piece. */
  readonly wait_ms?: number;
  readonly port?: number;
  /** The one name under which it knows OpenAI's output limit; without it it writes on and on. Absent: it knows every name. */
  readonly output_limit?: OutputLimitName;
  /** How it behaves towards a key, where that is otherwise than towards others. */
  readonly by_key?: (key: string) => Misbehaviour | undefined;
  /** Refuses what the vendor's published reference does not allow, and calls the tools and keeps the shapes that are asked for. */
  readonly judges?: boolean;
}

/** A request as it arrived. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly misbehaviour: Misbehaviour;
  /** Set when the client closed the connection before the answer was whole. */
  client_left: boolean;
}

export interface StandIn {
  readonly origin: string;
  /** Base URLs as each kind of client wants them. */
  readonly openai_url: string;
  readonly gemini_url: string;
  readonly anthropic_url: string;
  readonly requests: SeenRequest[];
  close(): Promise<void>;
}

const WAIT_MS_DEFAULT = 200;

/**
 * A provider on loopback that speaks OpenAI's, Gemini's and Anthropic's protocols and misbehaves on request. What it is stands in
 * the header `x-standin` of every answer and in its model list.
 */
export function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    serve(request, response, options, requests).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  return new Promise((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const close = async (): Promise<void> => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      };
      resolve({
        origin,
        openai_url: `${origin}/v1`,
        gemini_url: `${origin}/v1beta`,
        anthropic_url: `${origin}/v1`,
        requests,
        close,
      });
    });
  });
}

/** A picture is scaled down before it is counted. */
const PICTURE_DATA = /[A-Za-z0-9+/=]{4000,}/gu;
const PICTURE_BYTES = 4_000;

function promptBytes(text: string): number {
  return Buffer.byteLength(text.replace(PICTURE_DATA, 'x'.repeat(PICTURE_BYTES)));
}

interface Asked {
  readonly wire: Wire;
  readonly vendor: keyof typeof askedOf;
  readonly judge: Judge;
  readonly model: string;
  readonly streams: boolean;
  readonly tokens_max: number | undefined;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: StandInOptions,
  requests: SeenRequest[],
): Promise<void> {
  const path = request.url ?? '/';
  if (request.method === 'GET' && path === '/v1/models') return listModels(response);
  const bytes = await bodyOf(request);
  const text = bytes.toString();
  const body = await readBody(bytes, String(request.headers['content-type']));
  const asked = readAsked(path, body, options.output_limit);
  const named = String(request.headers['x-standin'] ?? '');
  const of_key = options.by_key?.(keyOf(request));
  const misbehaviour = isMisbehaviour(named)
    ? named
    : (of_key ?? misbehaviourOf(asked.model) ?? options.misbehaviour ?? 'honest');
  const seen: SeenRequest = { path, headers: request.headers, body, misbehaviour, client_left: false };
  requests.push(seen);
  response.on('close', () => (seen.client_left = !response.writableFinished));
  response.setHeader('x-standin', misbehaviour);
  response.setHeader('x-request-id', `standin-${requests.length}`);
  if (misbehaviour === 'hang') return;
  if (misbehaviour === 'slow') await sleep(options.wait_ms ?? WAIT_MS_DEFAULT);
  if (refuses(misbehaviour, request, response, asked.wire)) return;
  if (path === '/v1/embeddings')
    return sendJson(response, 200, openAiEmbeddings(body, inputsOf(body), misbehaviour !== 'no_usage'));
  if (path === '/v1/images/generations') return sendJson(response, 200, openAiImages(body, misbehaviour !== 'no_usage'));
  if (path === '/v1/images/edits') return sendJson(response, 200, openAiEdits(body, misbehaviour !== 'no_usage'));
  if (path === '/v1/moderations') return sendModeration(response, body);
  if (asked.wire === geminiWire && asked.model.includes('image'))
    return sendJson(response, 200, geminiImage(body, asked.model, misbehaviour !== 'no_usage'));
  if (path === '/v1/audio/speech') return sendSpeech(response, body, misbehaviour, options.wait_ms ?? WAIT_MS_DEFAULT);
  if (path === '/v1/audio/transcriptions')
    return sendTranscription(response, body, misbehaviour, options.wait_ms ?? WAIT_MS_DEFAULT);
  const wrong = options.judges === true ? asked.judge(body) : undefined;
  if (wrong !== undefined) return sendJson(response, 400, asked.wire.error(400, wrong));
  const wishes = options.judges === true ? wishesOf(askedOf[asked.vendor](body)) : undefined;
  const reply = replyTo(asked.model, promptBytes(text), asked.tokens_max, misbehaviour, wishes);
  if (!asked.streams) return sendWhole(response, JSON.stringify(asked.wire.whole(reply)), misbehaviour);
  await sendStream(response, asked.wire.events(reply), asked.wire, misbehaviour, options.wait_ms ?? WAIT_MS_DEFAULT);
}

function readAsked(path: string, body: Readonly<Record<string, unknown>>, known: OutputLimitName | undefined): Asked {
  const gemini = /\/models\/([^:/]+):(stream)?generateContent/iu.exec(path);
  if (gemini) {
    const config = body['generationConfig'];
    const limit =
      typeof config === 'object' && config !== null && 'maxOutputTokens' in config ? config.maxOutputTokens : undefined;
    const model = gemini[1] ?? '';
    const judge: Judge = (asked) => judgeGemini(asked, model);
    return { wire: geminiWire, vendor: 'gemini', judge, model, streams: gemini[2] !== undefined, tokens_max: numberOr(limit) };
  }
  const spoken = path.endsWith('/messages')
    ? ({ wire: anthropicWire, vendor: 'anthropic', judge: judgeAnthropic } as const)
    : ({ wire: openAiWire, vendor: 'openai', judge: judgeOpenAi } as const);
  const limit =
    known === undefined ? (body['max_completion_tokens'] ?? body['max_tokens']) : (body[known] ?? Number.POSITIVE_INFINITY);
  return { ...spoken, model: String(body['model']), streams: body['stream'] === true, tokens_max: numberOr(limit) };
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function inputsOf(body: Readonly<Record<string, unknown>>): string[] {
  const input = body['input'];
  return Array.isArray(input) ? input.map(String) : [String(input)];
}

function keyOf({ headers }: IncomingMessage): string {
  return String(headers.authorization ?? headers['x-api-key'] ?? headers['x-goog-api-key']).replace(/^Bearer /u, '');
}

const REFUSALS: Partial<Record<Misbehaviour, readonly [status: number, message: string]>> = {
  rate_limited: [429, 'too many requests'],
  server_error: [500, 'something broke'],
  overloaded: [503, 'come back later'],
  unauthorised: [401, 'Incorrect API key provided: '],
};

function refuses(misbehaviour: Misbehaviour, request: IncomingMessage, response: ServerResponse, wire: Wire): boolean {
  if (misbehaviour === 'garbage') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome to the hotel network</body></html>');
    return true;
  }
  const refusal = REFUSALS[misbehaviour];
  if (!refusal) return false;
  const [status, message] = refusal;
  if (status === 429) response.setHeader('retry-after', '2');
  sendJson(response, status, wire.error(status, status === 401 ? message + keyOf(request) : message));
  return true;
}

function sendWhole(response: ServerResponse, body: string, misbehaviour: Misbehaviour): void {
  if (misbehaviour !== 'cut_off' && misbehaviour !== 'hang_mid_stream') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => {
    if (misbehaviour === 'cut_off') response.destroy();
  });
}

async function sendStream(
  response: ServerResponse,
  events: readonly string[],
  wire: Wire,
  misbehaviour: Misbehaviour,
  wait_ms: number,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const half = Math.floor(events.length / 2);
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return;
    if (index === half) {
      if (misbehaviour === 'hang_mid_stream') return;
      if (misbehaviour === 'cut_off') {
        await sleep(5);
        response.destroy();
        return;
      }
      if (misbehaviour === 'error_in_stream') {
        response.end(wire.streamError());
        return;
      }
    }
    if (misbehaviour === 'drip') await sleep(wait_ms);
    response.write(event);
  }
  response.end();
}

function listModels(response: ServerResponse): void {
  const data = Object.entries(MISBEHAVIOURS).map(([name, description]) => ({
    id: isMisbehaviour(name) ? modelOf(name) : name,
    object: 'model',
    created: 0,
    owned_by: 'standin',
    description,
  }));
  response.setHeader('x-standin', 'honest');
  sendJson(response, 200, { object: 'list', data });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(bytes: Buffer, type: string): Promise<Readonly<Record<string, unknown>>> {
  return type.startsWith('multipart/') ? readForm(bytes, type) : (JSON.parse(bytes.toString()) as Record<string, unknown>);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
