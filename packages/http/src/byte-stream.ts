import type { FastifyReply } from 'fastify';

import { writable } from './events.ts';

export interface ByteSending {
  readonly content_type: string;
  /** Sent behind the bytes, as HTTP trailers, once they are known. */
  readonly trailers?: { readonly names: readonly string[]; readonly values: () => Readonly<Record<string, string>> };
  readonly stalled_ms?: number;
}

/** A caller that reads nothing for so long has left without saying so. */
const STALLED_MS = 60_000;

/**
 * Writes bytes as they come, no faster than the caller reads. Where they break off so does the connection: a reader must not take a part
 * for the whole. When the caller has gone the source is let go.
 */
export async function sendBytes(
  reply: FastifyReply,
  chunks: AsyncIterable<Uint8Array>,
  { content_type, trailers, stalled_ms = STALLED_MS }: ByteSending,
): Promise<void> {
  const { raw, request } = reply;
  const own = reply.getHeaders();
  reply.hijack();
  raw.writeHead(200, {
    ...own,
    'content-type': content_type,
    'cache-control': 'no-store',
    // Proxies such as nginx buffer a stream unless told not to.
    'x-accel-buffering': 'no',
    ...(trailers && { trailer: trailers.names.join(', ') }),
  } as Record<string, string>);
  try {
    for await (const chunk of chunks) {
      if (raw.destroyed) return;
      if (!raw.write(chunk)) await writable(raw, stalled_ms);
    }
    if (trailers) raw.addTrailers(trailers.values());
    raw.end();
  } catch (error) {
    request.log.error({ err: error, request_id: request.id }, 'a stream broke');
    raw.destroy();
  }
}
