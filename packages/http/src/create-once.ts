import { type Clock, isRefusal, PLATFORM, type Refusal } from '@purser/core';
import type { Connection, Pool } from '@purser/database';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { answerOnce } from './idempotency/answer-once.ts';
import { sendRefusal } from './answer-failure.ts';
import { callerOf } from './authenticate.ts';
import { idempotencyOf } from './idempotency-key.ts';

/**
 * Answers a creation with 201 (or 202, where work follows), under its `Idempotency-Key` if it has one: `create` runs in one transaction with the record
 * of its answer, and a repeated key gets the first answer back.
 */
export async function createOnce(
  deps: { readonly pool: Pool; readonly clock: Clock },
  request: FastifyRequest,
  reply: FastifyReply,
  create: (connection: Connection) => Promise<object | Refusal>,
  status: 201 | 202 = 201,
): Promise<FastifyReply> {
  const idempotency = idempotencyOf(request);
  const caller = callerOf(request);
  const once = idempotency && {
    workspace: caller.workspace?.id ?? PLATFORM,
    actor: caller.actor,
    credential: request.headers.authorization ?? request.headers.cookie ?? '',
    key: idempotency.key,
    request_hash: `${request.method} ${request.routeOptions.url} ${idempotency.request_hash}`,
  };
  // What an administrator creates may be anybody's, whichever workspace the request names.
  const { access } = request.routeOptions.config;
  const owner = access === 'admin' ? PLATFORM : (caller.workspace?.id ?? PLATFORM);
  const answer = await answerOnce(deps, owner, once, status, async (connection) => {
    const created = await create(connection);
    return isRefusal(created) ? created : JSON.stringify(created);
  });
  if (isRefusal(answer)) return sendRefusal(request, reply, answer);
  if (answer.replayed) reply.header('idempotency-replayed', 'true');
  return reply.code(answer.status).type('application/json; charset=utf-8').serializer(String).send(answer.body);
}
