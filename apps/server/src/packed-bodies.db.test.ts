import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  ({ key } = await server.workspace('PRO', { overrides: { rate: { rps: 1000, rpm: 1000, burst: 1000 } } }));
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: {
    readonly code?: string;
    readonly detail?: string;
    readonly output?: string;
    readonly error?: { readonly code: string };
  };
}

async function post(body: Uint8Array | string, headers: Record<string, string>, path = '/api/ai/generate'): Promise<Answer> {
  const answer = await fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Answer['json'] };
}
const CALL = JSON.stringify({ operation: 'chat', prompt: 'The harbour opened in 1887, with flags.' });
const CHAT = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'The harbour opened in 1887.' }] });

describe('a packed body', () => {
  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => text],
  ] as const)('in %s is what was packed, at both doors', async (encoding, pack) => {
    const headers = { 'content-encoding': encoding };
    expect((await post(pack(CALL), headers)).status).toBe(200);
    expect((await post(pack(CHAT), headers, '/v1/chat/completions')).status).toBe(200);
  });

  it.each([
    ['zstd', zstdCompressSync(CALL)],
    ['gzip, gzip', gzipSync(gzipSync(CALL))],
    ['compress', CALL],
    ['aes128gcm', CALL],
    ['__proto__', CALL],
    ['x'.repeat(500), CALL],
  ])('in %s is refused by name, with what is taken', async (encoding, body) => {
    const { status, headers, json } = await post(body, { 'content-encoding': encoding });
    expect([status, json.code]).toEqual([415, 'unsupported_media_type']);
    expect(json.detail).toBe(
      `content-encoding: got ${JSON.stringify(encoding.slice(0, 60))}, want one of gzip, deflate, br, or none`,
    );
    expect(headers.get('accept-encoding')).toBe('gzip, deflate, br');
    const chat = await post(body, { 'content-encoding': encoding }, '/v1/chat/completions');
    expect([chat.status, chat.json.error?.code]).toEqual([415, 'unsupported_media_type']);
  });

  it.each([
    ['what is not packed', CALL],
    ['half of it', gzipSync(CALL).subarray(0, 40)],
    ['another one', brotliCompressSync(CALL)],
    ['nothing', ''],
  ])('that is said to be gzip and is %s, is refused as that', async (_what, body) => {
    const { status, json } = await post(body, { 'content-encoding': 'gzip' });
    expect([status, json.code]).toEqual([415, 'unsupported_media_type']);
    expect(json.detail).toMatch(/content-encoding.*gzip/);
  });

  it('that comes to more than its route takes is refused where it passes that, and the next request of the connection is served', async () => {
    const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024, ' '));
    const before = process.memoryUsage().rss;
    for (const [path, headers] of [
      ['/api/ai/generate', {}],
      ['/api/session', {}],
      ['/v1/chat/completions', {}],
    ] as const) {
      const { status, json } = await post(bomb, { 'content-encoding': 'gzip', ...headers }, path);
      expect([path, status, json.code ?? json.error?.code]).toEqual([path, 422, 'request_too_large']);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
    expect((await post(gzipSync(CALL), { 'content-encoding': 'gzip' })).status).toBe(200);
  });

  it('has the same idempotency key for the same content, and no other', async () => {
    const headers = { 'content-encoding': 'gzip', 'idempotency-key': crypto.randomUUID() };
    expect((await post(gzipSync(CALL, { level: 1 }), headers)).status).toBe(200);
    const again = await post(gzipSync(CALL, { level: 9 }), headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const { 'content-encoding': _, ...plain } = headers;
    expect((await post(CALL, plain)).headers.get('idempotency-replayed')).toBe('true');
  });
});

describe('a body of another kind', () => {
  it.each(['utf-16', 'iso-8859-1', '"windows-1252"', 'utf-8x'])(
    'in charset %s is refused by name, with what is taken',
    async (charset) => {
      const { status, json } = await post(CALL, { 'content-type': `application/json; charset=${charset}` });
      expect([status, json.detail]).toEqual([415, `charset: got ${JSON.stringify(charset.replaceAll('"', ''))}, want utf-8`]);
    },
  );

  it.each(['utf-8', 'UTF-8', 'utf8', '"utf-8"', 'us-ascii'])('in charset %s is taken', async (charset) => {
    expect((await post(CALL, { 'content-type': `application/json; charset=${charset}` })).status).toBe(200);
  });

  it('is no failed action of its user, however often it is sent', async () => {
    const { key: other } = await server.workspace('PRO', { overrides: { rate: { rps: 1000, rpm: 1000, burst: 1000 } } });
    const send = (headers: Record<string, string>, body: Uint8Array | string = CALL) =>
      post(body, { authorization: `Bearer ${other}`, 'purser-user': 'ada', ...headers });
    for (let count = 0; count < 30; count++) {
      expect((await send({ 'content-encoding': 'zstd' })).status).toBe(415);
      expect((await send({ 'content-encoding': 'gzip' })).status).toBe(415);
      expect((await send({ 'content-type': 'text/plain' })).status).toBe(415);
      expect((await send({ 'content-type': 'application/json; charset=utf-16' })).status).toBe(415);
    }
    expect((await send({})).status).toBe(200);
  });
});
