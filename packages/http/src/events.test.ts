import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';

import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';

import { event, sendChunks } from './events.ts';

const STALLED_MS = 300;

/** A server that streams `chunks` without end, and tells how its source ended. */
async function streaming(chunk: string): Promise<{ port: number; sent: () => number; ended: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) {
        sent += 1;
        yield chunk;
        await new Promise(setImmediate);
      }
    } finally {
      resolve();
    }
  }
  const app = Fastify();
  app.get('/', (_request, reply) => sendChunks(reply, endless(), { stalled_ms: STALLED_MS }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return { port: (app.server.address() as AddressInfo).port, sent: () => sent, ended: promise };
}

async function open(port: number): Promise<ReturnType<typeof connect>> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return socket;
}

describe('a stream of events', () => {
  it('puts an event on one line of data, whatever its text holds', () => {
    expect(event('text', { text: 'a\n\nb\r\nevent: end' })).toBe('event: text\ndata: {"text":"a\\n\\nb\\r\\nevent: end"}\n\n');
  });

  it('lets its source go when the caller closes the connection', async () => {
    const { port, ended } = await streaming('x');
    const socket = await open(port);
    await once(socket, 'data');
    socket.destroy();
    await expect(ended).resolves.toBeUndefined();
  });

  it('takes from its source no faster than the caller reads, and lets it go when the caller has stopped reading', async () => {
    const { port, sent, ended } = await streaming('x'.repeat(100_000));
    const socket = await open(port);
    socket.pause();
    await ended;
    expect(sent()).toBeLessThan(500);
    socket.destroy();
  });
});
