import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  key = (await server.workspace()).key;
});
afterAll(() => server.close());

/** Sends bytes as they are and returns what comes back until the other side ends. */
async function raw(bytes: string): Promise<string> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

const post = (body: string, headers: Record<string, string> = {}) =>
  server.ask('/api/ai/generate', { method: 'POST', key, body, headers });

describe('bad input', () => {
  it('bytes that are no UTF-8 are refused, not turned into other characters', async () => {
    const body = Buffer.from('{"operation":"chat","prompt":"caf\u00e9"}', 'latin1');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/api/ai/generate`, { method: 'POST', headers, body });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('the body is not UTF-8')]);
  });

  it.each([
    ['{"operation":"chat","prompt":', /not valid JSON: the error is at position 29|not valid JSON/],
    ['', /content-type|empty/],
    ['[]', /the body: want an object, got an array of 0/],
    ['null', /the body: want an object, got null/],
    ['"text"', /the body: want an object, got "text"/],
    ['{"operation":"chat","prompt":"x","__proto__":{"a":1}}', /__proto__/],
    ['{"operation":"chat","prompt":"x","constructor":{"prototype":{}}}', /unknown member "constructor"/],
    ['\u0000', /not valid JSON/],
    ['{"operation":"chat","prompt":"x","max_output_tokens":1e400}', /"max_output_tokens"/],
    ['['.repeat(60), /not valid JSON/],
    ['['.repeat(100_000), /nested deeper than 64 levels/],
    [`{"operation":"chat","prompt":"x","metadata":${'['.repeat(2_000_000)}`, /nested deeper than 64 levels/],
    [`[${'1,'.repeat(1_000_000)}1]`, /more than 100000 members and elements/],
    [`{${Array.from({ length: 1_000 }, (_, at) => `"m${at}":1`).join(',')}}`, /unknown members "m0", "m1".* and 995 more/],
    [
      '{"operation":"chat","prompt":"x","max_cost":{"amount":"-1","currency":"USD"}}',
      /"max_cost": want an amount that is not negative/,
    ],
  ])('%#: 400 with one sentence, whatever the bytes', async (body, detail) => {
    const { status, json, text } = await post(body);
    expect([status, json.code]).toEqual([400, 'invalid_request']);
    expect(json.detail).toMatch(detail);
    expect(text).not.toMatch(/node_modules|\.ts:\d|at .*\(/);
  });

  it.each([
    [{ operation: 'chat', prompt: 'a\u0000b' }, /"prompt" contains U\+0000/],
    [{ operation: 'chat', messages: [{ role: 'user', content: '\ud800' }] }, /"messages\.0\.content" contains/],
    [{ operation: 'chat', prompt: 'x', 'a\u0000': 1 }, /U\+0000/],
  ])('400: %j is no text that could be booked', async (body, detail) => {
    const { status, json } = await post(JSON.stringify(body));
    expect([status, json.code]).toEqual([400, 'invalid_request']);
    expect(json.detail).toMatch(detail);
  });

  it('F1: a name that no book can hold is refused at OpenAI’s door before anything is held, streaming too', async () => {
    for (const user of ['x\u0000', '\ud800']) {
      for (const stream of [true, false]) {
        const body = JSON.stringify({
          model: 'auto',
          user,
          stream,
          messages: [{ role: 'user', content: 'The harbour opened.' }],
        });
        expect((await server.ask('/v1/chat/completions', { method: 'POST', key, body })).status).toBe(400);
      }
    }
    expect((await server.ask('/api/admin/workspaces?search=a%00b', { key: server.admin_token })).status).toBe(400);
    expect((await post(JSON.stringify({ operation: 'chat', prompt: 'Ünïcode, 漢字 and \u{1F600} pass.' }))).status).toBe(200);
  });

  it('415: another content type than JSON, or none', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
    ]) {
      const { status, json } = await post('operation=chat', { 'content-type': type });
      expect([type, status, json.detail]).toEqual([
        type,
        415,
        `content-type: got ${JSON.stringify(type.split(';')[0])}, want application/json`,
      ]);
    }
    expect(
      (await post('{"operation":"chat","prompt":"hello"}', { 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(200);
  });

  it('422: a body beyond the limit, announced or not, is not read to its end', async () => {
    const announced = await server.ask('/api/admin/workspaces', {
      method: 'POST',
      key: server.admin_token,
      body: `"${'x'.repeat(70_000)}"`,
    });
    expect([announced.status, announced.json.code]).toEqual([422, 'request_too_large']);
    const endless = await raw(
      `POST /api/ai/generate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n` +
        `${(5_000_000).toString(16)}\r\n${'x'.repeat(5_000_000)}\r\n0\r\n\r\n`,
    );
    expect(endless).toContain('request_too_large');
  });

  it('400: bytes that are no HTTP, headers without end, two lengths', async () => {
    for (const bytes of [
      'HELLO\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
      'POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcde',
      'POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ]) {
      const answer = await raw(bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).toContain('application/problem+json');
    }
  });

  it('431: headers too large are said to be, with what to do', async () => {
    const answer = await raw(`GET /v1/models HTTP/1.1\r\nhost: x\r\ncookie: a=${'y'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toMatch(/more than \d+ bytes; send fewer, or clear the cookies/);
  });

  it('answers every odd path and header with a problem, never with a stack or a 500', async () => {
    const odd = [
      '/%',
      '/%00',
      '/api/%2e%2e/etc/passwd',
      '/api/admin/workspaces/%E0%A4%A',
      '/api/admin/workspaces/%ff',
      `/${'a/'.repeat(2_000)}`,
      '/v1/models/%00',
      '/..%2f..%2fetc/passwd',
      '/api/calls?limit=NaN&cursor[]=1',
    ];
    for (const path of odd) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`);
      expect([path, /^HTTP\/1\.1 4\d\d /.test(answer)]).toEqual([path, true]);
      expect(answer, path).toMatch(/application\/problem\+json|"error":\{"message"/);
      expect(answer).not.toMatch(/node_modules|\.ts:\d|root:/);
    }
    for (const headers of [
      { authorization: 'Basic abc' },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${'x'.repeat(5_000)}` },
    ]) {
      const { status } = await server.ask('/api/usage', { headers });
      expect(status).toBe(401);
    }
    const user = await server.ask('/api/ai/generate', {
      key,
      body: { operation: 'chat', prompt: 'x' },
      headers: { 'purser-user': 'x'.repeat(300) },
    });
    expect([user.status, user.json.code]).toEqual([400, 'invalid_request']);
    const idempotency = await server.ask('/api/ai/generate', {
      key,
      body: { operation: 'chat', prompt: 'x' },
      headers: { 'idempotency-key': 'x'.repeat(300) },
    });
    expect(idempotency.json.detail).toMatch(/Idempotency-Key of 1 to 255/);
  });

  it('after all of it nothing was lost: no error in the log, and the books balance', async () => {
    expect(server.log_lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, open_holds: 0 });
  });

  it('every answer carries its request id and forbids to be framed or sniffed', async () => {
    const { headers } = await server.ask('/api/usage', { key });
    expect(headers.get('x-request-id')).toMatch(/^\S{8,}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});
