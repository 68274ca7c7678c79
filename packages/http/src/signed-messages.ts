import type { Refusal } from '@purser/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { sendRefusal } from './answer-failure.ts';
import type { App } from './types.ts';

/**
 * Endpoints that outside services post messages to which they have signed. Open to anyone, because the signature says who it is; it is one
 * of bytes, so nothing parses them before (`bytesOf`). Whoever keeps sending what nobody signed (`refuseMessage`) is not read any more.
 */
export async function registerSignedMessages(
  app: App,
  content_types: readonly string[],
  register: (scope: App) => void,
): Promise<void> {
  await app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser([...content_types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', async (request, reply) => {
      const flooding = app.anonymousLimiter.refusal(request.client.address);
      return flooding === undefined ? undefined : sendRefusal(request, reply, flooding);
    });
    register(scope);
  });
}

/** The message as it came. */
export function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** Refuses a message, and counts it against the address that it came from. */
export function refuseMessage(app: App, request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  app.anonymousLimiter.count(request.client.address);
  return sendRefusal(request, reply, refusal);
}
