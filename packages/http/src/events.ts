import type { ServerResponse } from 'node:http';

import type { FastifyReply } from 'fastify';

import { eventsInCredits } from './show-view.ts';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** One server-sent event; `data` is one line because JSON has no raw line breaks. */
export function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A caller that reads nothing for so long has left without saying so. */
const STALLED_MS = 60_000;

export interface Sending {
  readonly stalled_ms?: number;
  /** What the caller is told at the end of a stream that broke; without it the break is thrown. */
  readonly lastWords?: (error: unknown) => string;
}

/**
 * Writes chunks as they come, no faster than the caller reads. When the caller has gone, or has stopped reading for
 * `stalled_ms`, the source is let go, which is what tells the gate to drain and book.
 */
export async function sendChunks(
  reply: FastifyReply,
  chunks: AsyncIterable<string | Uint8Array>,
  { stalled_ms = STALLED_MS, lastWords }: Sending = {},
): Promise<void> {
  const { raw } = reply;
  const own = reply.getHeaders();
  reply.hijack();
  raw.writeHead(200, {
    ...own,
    'content-type': EVENT_STREAM,
    'cache-control': 'no-store, no-transform',
    // Proxies such as nginx buffer a stream unless told not to.
    'x-accel-buffering': 'no',
  } as Record<string, string>);
  try {
    for await (const chunk of reply.request.view === 'credits' ? eventsInCredits(chunks) : chunks) {
      // A response whose connection is gone takes no more and never drains.
      if (raw.destroyed) break;
      if (!raw.write(chunk)) await writable(raw, stalled_ms);
    }
  } catch (error) {
    if (lastWords === undefined) throw error;
    raw.write(lastWords(error));
  } finally {
    raw.end();
  }
}

/** Waits until the caller has read what lies before it; ends the connection of one that does not. */
export async function writable(raw: ServerResponse, stalled_ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  raw.once('drain', resolve).once('close', resolve);
  const stalled = setTimeout(() => raw.destroy(), stalled_ms);
  if (!raw.destroyed) await promise;
  clearTimeout(stalled);
  raw.off('drain', resolve).off('close', resolve);
}
