import type { FastifyReply } from 'fastify';

/** Aborts when the caller's connection is gone before the answer was written whole. */
export function callerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const { raw } = reply;
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
