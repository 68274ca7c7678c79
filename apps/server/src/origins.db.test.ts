import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const APP = 'https://app.example';
const ELSEWHERE = 'https://evil.example';

let server: TestServer;
let closed: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer({
    PURSER_ALLOWED_ORIGINS: `${APP}, http://localhost:5173`,
    PURSER_FREE_STARTS_PER_ADDRESS: '100',
  });
  closed = await startTestServer();
  ({ key } = await server.workspace());
});
afterAll(async () => {
  await server.close();
  await closed.close();
});

const cors = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

const preflight = (at: TestServer, path: string, origin: string, more: Record<string, string> = {}) =>
  at.ask(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', ...more } });

describe('a browser app of an allowed origin', () => {
  it.each([
    ['/api/ai/generate', APP],
    ['/v1/chat/completions', APP],
    ['/api/keys/x', 'http://localhost:5173'],
  ])('may ask before calling %s', async (path, origin) => {
    const asked = 'authorization,content-type,purser-user,x-stainless-lang,x-evil,cookie,\u00e9';
    const { status, headers, text } = await preflight(server, path, origin, {
      'access-control-request-headers': encodeURI(asked),
    });
    expect([status, text]).toEqual([204, '']);
    expect(cors(headers)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers':
        'authorization, content-type, idempotency-key, purser-user, purser-workspace, x-api-key, x-stainless-lang',
      'access-control-expose-headers': expect.stringMatching(
        /^purser-transaction-id, purser-cost, purser-credits-charged.*retry-after/,
      ) as unknown,
      'access-control-max-age': '7200',
    });
    expect(headers.get('vary')).toContain('Origin');
  });

  it('reads what it is answered: answers, refusals, unknown paths, streams; and never with cookies', async () => {
    const headers = { origin: APP };
    const prompt = { operation: 'chat', prompt: 'The harbour opened in 1887.' };
    const answers = [
      await server.ask('/api/ai/generate', { key, headers, body: prompt }),
      await server.ask('/api/ai/generate', { key, headers: { ...headers, accept: 'text/event-stream' }, body: prompt }),
      await server.ask('/v1/models', { key, headers }),
      await server.ask('/api/usage', { key: 'wrong', headers }),
      await server.ask('/api/usage', { headers }),
      await server.ask('/api/ai/generate', { key, headers: { ...headers, 'content-encoding': 'zstd' }, body: prompt }),
      await server.ask('/api/ai/generate', { key, headers, body: '{' }),
      await server.ask('/api/no/such', { headers }),
      await server.ask('/api/%zz', { headers }),
      await server.ask('/api/session', { headers: { ...headers, cookie: 'purser_session=x' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 401, 401, 415, 400, 404, 400, 200]);
    for (const answer of answers) {
      expect(Object.keys(cors(answer.headers)).toSorted()).toEqual([
        'access-control-allow-origin',
        'access-control-expose-headers',
      ]);
      expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  it('reads that there was too much, and that the server stops', async () => {
    const headers = { origin: APP };
    const { key: busy } = await server.workspace('PRO', { overrides: { rate: { rps: 10, rpm: 1, burst: 1 } } });
    const call = () => server.ask('/api/ai/generate', { key: busy, headers, body: { operation: 'chat', prompt: 'hello' } });
    await call();
    const refused = await call();
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([429, APP]);
    const stopping = await startTestServer({ PURSER_ALLOWED_ORIGINS: APP });
    stopping.running.built.inFlight.drain();
    const late = await stopping.ask('/api/usage', { headers });
    expect([late.status, late.headers.get('access-control-allow-origin')]).toEqual([503, APP]);
    await stopping.close();
  });

  it('signs in by token, and not by cookie: those are our own pages’', async () => {
    const headers = { origin: APP, 'sec-fetch-site': 'cross-site' };
    const start = (body: object, more: Record<string, string> = {}) =>
      server.ask('/api/auth/sign-in/anonymous', { body, headers: { ...headers, ...more } });
    const started = await start({ cookie: false });
    expect([started.status, typeof started.json.token]).toEqual([201, 'string']);
    expect((await start({})).status).toBe(403);
    expect((await start({ cookie: false }, { cookie: 'purser_session=x' })).status).toBe(403);
    expect((await start({ cookie: false }, { origin: ELSEWHERE })).status).toBe(403);
    const signIn = (cookie: boolean) => server.ask('/api/session', { body: { key, cookie }, headers });
    expect([(await signIn(false)).status, (await signIn(true)).status]).toEqual([201, 403]);
  });

  it('changes nothing by a cookie of ours, whatever is allowed', async () => {
    const started = await server.ask('/api/auth/sign-in/anonymous', { body: {} });
    const cookie = started.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
    for (const site of ['cross-site', 'same-site']) {
      const headers = { origin: APP, cookie, 'sec-fetch-site': site };
      const called = await server.ask('/api/ai/generate', { headers, body: { operation: 'chat', prompt: 'hello' } });
      const ended = await server.ask('/api/session', { method: 'DELETE', headers });
      expect([called.status, ended.status]).toEqual([403, 403]);
    }
  });
});

describe('a browser app of any other origin', () => {
  it.each([
    ELSEWHERE,
    'null',
    'https://app.example.evil.example',
    'http://app.example',
    'https://app.example:8443',
    'HTTPS://APP.EXAMPLE',
  ])('%s is told nothing', async (origin) => {
    const asked = await preflight(server, '/api/ai/generate', origin);
    expect([asked.status, cors(asked.headers), asked.headers.get('vary')]).toEqual([404, {}, 'Origin']);
    const called = await server.ask('/v1/models', { key, headers: { origin } });
    expect([called.status, cors(called.headers)]).toEqual([200, {}]);
  });

  it('is told nothing where no origin is allowed, and no page or file is any other origin’s', async () => {
    const asked = await preflight(closed, '/api/ai/generate', APP);
    expect([asked.status, cors(asked.headers)]).toEqual([404, {}]);
    for (const path of ['/', '/docs', '/healthz', '/metrics', '/problems/not_found']) {
      expect([path, cors((await server.ask(path, { headers: { origin: APP } })).headers)]).toEqual([path, {}]);
    }
  });
});
