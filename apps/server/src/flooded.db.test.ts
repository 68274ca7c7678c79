import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOUNDS, type Bounds } from '@purser/http';
import { createMetrics } from '@purser/metrics';

import { type BuiltServer, buildServer } from './server.ts';
import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  ({ key } = await server.workspace());
});
afterAll(() => server.close());

/** Another server over the same parts, with smaller bounds so that a test can reach them. */
async function behind<T>(bounds: Partial<Bounds>, run: (port: number, built: BuiltServer) => Promise<T>): Promise<T> {
  const { deps } = server.running.composition;
  const built = await buildServer({ ...deps, metrics: createMetrics(), bounds: { ...BOUNDS, ...bounds } });
  await built.app.listen({ port: 0, host: '127.0.0.1' });
  try {
    return await run((built.app.server.address() as AddressInfo).port, built);
  } finally {
    built.app.server.closeAllConnections();
    await built.app.close();
  }
}

const usage = (port: number): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/api/usage`, { headers: { authorization: `Bearer ${key}`, connection: 'close' } });

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** What came until the other side ended. Node by itself ends no request within 60 s, which is longer than a test may take. */
async function until(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  if (!socket.closed) await once(socket, 'close');
  return text;
}

describe('C4 a flood', { timeout: 45_000 }, () => {
  it('slowloris: headers that never end are cut off at their time, and everybody else is served meanwhile', async () => {
    await behind({ headers_timeout_ms: 500 }, async (port) => {
      const slow = await Promise.all(Array.from({ length: 200 }, () => opened(port)));
      const ends = slow.map((socket) => {
        socket.write('POST /api/ai/generate HTTP/1.1\r\nhost: x\r\n');
        return until(socket);
      });
      const drip = setInterval(() => {
        for (const socket of slow) if (socket.writable) socket.write('x-drop: 1\r\n');
      }, 100);
      let over = false;
      const all = Promise.all(ends).finally(() => (over = true));
      while (!over) expect((await usage(port)).status).toBe(200);
      await all;
      clearInterval(drip);
    });
  });

  it('bodies that never end are cut off at their time', async () => {
    await behind({ request_timeout_ms: 700, headers_timeout_ms: 500 }, async (port) => {
      const socket = await opened(port);
      const end = until(socket);
      socket.write(
        `POST /api/ai/generate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
      );
      const drip = setInterval(() => socket.writable && socket.write(' '), 100);
      await end;
      clearInterval(drip);
      expect((await usage(port)).status).toBe(200);
    });
  });

  it('503 overloaded: one address has so many connections and no more; closing one makes room', async () => {
    await behind({ connections_address_max: 5 }, async (port) => {
      const held = await Promise.all(Array.from({ length: 5 }, () => opened(port)));
      const text = await until(await opened(port));
      expect(text).toContain('503 Service Unavailable');
      expect(text).toContain('"code":"overloaded"');
      expect(text).toContain('retry-after: 1');
      held[0]?.destroy();
      await sleep(50);
      expect((await usage(port)).status).toBe(200);
    });
  });

  it('503 overloaded: requests at once, with Retry-After; the probes are answered still', async () => {
    await behind({ requests_max: 1 }, async (port, { inFlight }) => {
      const leave = inFlight.enter(0);
      const refused = await usage(port);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(await refused.json()).toMatchObject({ code: 'overloaded', retry_after: 1 });
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      if (typeof leave === 'function') leave();
      expect((await usage(port)).status).toBe(200);
    });
  });

  it('429: requests without a valid key, at closed doors and at open ones, each within its bound; probes are not counted', async () => {
    await behind({ anonymous_per_minute_max: 3, public_per_minute_max: 5 }, async (port) => {
      const get = (path: string, headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers });
      for (let call = 0; call < 5; call += 1) expect((await get('/api/packs')).status).toBe(200);
      expect((await get('/api/packs')).status).toBe(429);
      expect((await get('/no/such/page')).status).toBe(429);
      expect((await get('/api/packs', { authorization: `Bearer ${key}` })).status).toBe(200);
      expect((await get('/api/usage', { authorization: `Bearer ${key}` })).status).toBe(200);
      for (let call = 0; call < 20; call += 1) expect((await get('/healthz')).status).toBe(200);
      for (let call = 0; call < 3; call += 1) {
        expect((await get('/api/usage', { authorization: 'Bearer wrong' })).status).toBe(401);
      }
      const refused = await get('/api/usage', { authorization: 'Bearer wrong' });
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
      // A program with an old key locks out nobody who shares its address.
      expect((await get('/api/usage', { authorization: `Bearer ${key}` })).status).toBe(200);
      expect((await get('/api/usage', { authorization: 'Bearer purser_ws_wrong' })).status).toBe(429);
    });
  });
});
