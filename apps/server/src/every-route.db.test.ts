import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteFacts } from '@purser/http';

import { wav } from '@purser/providers/standins';

import { startTestServer, type TestServer } from './testing/index.ts';

/** Open to anyone, each for a reason; whatever is not here wants a credential. */
const PUBLIC = [
  'GET /',
  'GET /*',
  'GET /api/auth/magic-link/verify',
  'GET /api/openapi.json',
  'GET /api/operations',
  'GET /api/packs',
  'GET /api/plans',
  'GET /api/session',
  'GET /healthz',
  'GET /metrics',
  'GET /problems/:code',
  'GET /readyz',
  'GET /u/:token',
  'POST /api/auth/magic-link/verify',
  'POST /api/auth/sign-in/anonymous',
  'POST /api/auth/sign-in/magic-link',
  'POST /api/session',
  'POST /api/webhooks/ses',
  'POST /api/webhooks/stripe',
  'POST /u/:token',
];

const SPENDING = [
  'POST /api/ai/generate',
  'POST /v1/audio/speech',
  'POST /v1/audio/transcriptions',
  'POST /v1/chat/completions',
  'POST /v1/embeddings',
  'POST /v1/images/edits',
  'POST /v1/images/generations',
  'POST /v1/messages',
  'POST /v1/moderations',
  'POST /v1/responses',
];

const BODIES: Record<string, object> = {
  '/api/ai/generate': { operation: 'chat', prompt: 'hello' },
  '/v1/chat/completions': { model: 'auto', messages: [{ role: 'user', content: 'hello' }] },
  '/v1/embeddings': { model: 'auto', input: 'hello' },
  '/v1/messages': { model: 'auto', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] },
  '/v1/responses': { model: 'auto', input: 'hello' },
  '/v1/images/generations': { prompt: 'a lighthouse' },
  '/v1/audio/speech': { model: 'auto', input: 'hello', voice: 'alloy' },
};

/** Of routes that take files. */
const FORMS: Record<string, () => FormData> = {
  '/v1/images/edits': () => formOf({ prompt: 'brighter', image: new File([new Uint8Array(8)], 'a.png') }),
  '/v1/audio/transcriptions': () => formOf({ model: 'auto', file: new File([new Uint8Array(wav(1))], 'a.wav') }),
};

function formOf(members: Record<string, string | File>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(members)) form.append(name, value);
  return form;
}

async function askedOf(url: string, key: string): Promise<{ status: number; text: string }> {
  const form = FORMS[url];
  if (form === undefined) return server.ask(url, { key, body: BODIES[url] ?? {} });
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(server.url + url, { method: 'POST', headers, body: form() });
  return { status: answer.status, text: await answer.text() };
}

let server: TestServer;
let routes: readonly RouteFacts[];
beforeAll(async () => {
  // A provider of pictures, which is never asked: there is none offline.
  server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
  routes = server.running.built.routes;
});
afterAll(() => server.close());

const name = ({ method, url }: RouteFacts): string => `${method} ${url}`;
const path = ({ url }: RouteFacts): string => url.replace(':id', crypto.randomUUID()).replace(/[:*]\w*/g, 'x');
const guarded = () => routes.filter(({ access }) => access !== 'public');

describe('every route', () => {
  it('that is open to anyone is on a list, and every other says who may use it', () => {
    const open = routes.filter(({ access }) => access === 'public').map(name);
    expect(open.filter((route) => !PUBLIC.includes(route))).toEqual([]);
    expect(routes.every(({ access }) => access !== undefined)).toBe(true);
    expect(guarded().length).toBeGreaterThan(15);
    const administration = routes.filter(({ access }) => access === 'admin').map(name);
    expect(administration).toEqual(routes.filter(({ url }) => url.startsWith('/api/admin')).map(name));
  });

  it('that is not public refuses whoever shows nothing, before it reads a body', async () => {
    for (const [index, route] of guarded().entries()) {
      // Each comes from an address of its own: one that asks so often without a key is told to wait.
      const { statusCode, body } = await server.running.built.app.inject({
        method: route.method as 'GET',
        url: path(route),
        remoteAddress: `10.0.${index}.1`,
        ...(route.method !== 'GET' && { payload: '{', headers: { 'content-type': 'application/json' } }),
      });
      expect([name(route), statusCode, body.includes('"unauthenticated"')]).toEqual([name(route), 401, true]);
    }
  });

  it('of the administration refuses a workspace’s key', async () => {
    const { key } = await server.workspace();
    for (const route of guarded().filter(({ url }) => url.startsWith('/api/admin'))) {
      const { status, json } = await server.ask(path(route), { method: route.method, key });
      expect([name(route), status, json.code]).toEqual([name(route), 403, 'forbidden']);
    }
  });

  it('that works inside a workspace asks an admin which one', async () => {
    for (const route of guarded().filter(({ access }) => access === 'workspace' || access === 'manager')) {
      const { status, text } = await server.admin(path(route), { method: route.method });
      expect([name(route), status, text.includes('Purser-Workspace')]).toEqual([name(route), 400, true]);
    }
  });

  it('that spends is marked, and spends through the gate: without credits it gets nowhere', async () => {
    expect(
      routes
        .filter(({ spends }) => spends)
        .map(name)
        .toSorted(),
    ).toEqual(SPENDING);
    const { key } = await server.workspace('PRO', { overrides: { credits_monthly: 0 } });
    // Moderation is free, so it takes no credits.
    for (const route of routes.filter(({ spends, url }) => spends && url !== '/v1/moderations')) {
      const { status, text } = await askedOf(route.url, key);
      expect([name(route), status, text.includes('credits_exhausted')]).toEqual([name(route), 402, true]);
    }
    const { rowCount } = await server.database.pool.query('select 1 from ledger.attempt');
    expect(rowCount).toBe(0);
  });

  it('called with another method says which it takes, and an unknown path that there is none', async () => {
    const { key } = await server.workspace();
    const wrong = await server.ask('/api/ai/generate', { key });
    expect([wrong.status, wrong.json.code, wrong.headers.get('allow')]).toEqual([404, 'not_found', 'POST']);
    expect(wrong.json.detail).toBe('/api/ai/generate takes POST, got GET');
    for (const unknown of ['/api/nothing', '/v1/nothing', '/nothing.txt', '/api/admin/nothing', '//']) {
      const { status, text } = await server.ask(unknown, { key });
      expect([unknown, status, text.includes('not_found')]).toEqual([unknown, 404, true]);
    }
  });

  it('stands in the API description, with the statuses it may answer', async () => {
    const { json } = await server.ask('/api/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    const described = Object.entries(json.paths).flatMap(([url, methods]) =>
      Object.keys(methods as object).map(
        (method) =>
          `${method.toUpperCase()} ${url.replace(/\{(\w+|\*)\}/g, (_, part: string) => (part === '*' ? '*' : `:${part}`))}`,
      ),
    );
    const api = routes
      .filter(({ url }) => url.startsWith('/api/') || url.startsWith('/v1/'))
      .filter(({ url }) => url !== '/api/openapi.json');
    expect(api.map(name).filter((route) => !described.includes(route))).toEqual([]);
    const generate = json.paths['/api/ai/generate']!['post']!;
    expect(Object.keys(generate.responses)).toEqual(
      expect.arrayContaining(['200', '400', '401', '402', '403', '409', '422', '429', '502', '503', '504']),
    );
    expect(generate.responses['402']!.content['application/problem+json']!.schema.properties['code']).toBeDefined();
    expect(JSON.stringify(json)).not.toContain('[object');
  });
});
