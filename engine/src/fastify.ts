import type { FastifyReply, FastifyRequest } from 'fastify';

import { Guard, type Guarded, type GuardOptions, isProblem, PROBLEM_TYPE, receiptHeaders } from './middleware/guard.ts';
import type { Purser } from './types.ts';

export type { Guarded, GuardOptions } from './middleware/guard.ts';

/** The hooks of a route: `app.post('/summaries', guard(purser, options), handler)`. */
export interface FastifyGuard {
  readonly preHandler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
  readonly onSend: (request: FastifyRequest, reply: FastifyReply, payload: unknown) => Promise<unknown>;
}

const guards = new WeakMap<object, Guard>();

/** What a guarded handler has: `const { spent } = purserOf(request)`. @throws where no guard stands before the route. */
export function purserOf(request: object): Guarded {
  const open = guards.get(request);
  if (open === undefined) throw new Error('no guard of purser-engine stands before this route');
  return open.guarded;
}

/** Holds before the handler runs, and settles what it says with `purserOf(request).spent(…)` before its answer goes out. */
export function guard(purser: Purser, options: GuardOptions<FastifyRequest>): FastifyGuard {
  return {
    async preHandler(request, reply) {
      const open = await Guard.open(purser, options, request);
      if (isProblem(open)) {
        if (open.retry_after !== undefined) reply.header('retry-after', `${open.retry_after}`);
        return reply.code(open.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(open));
      }
      guards.set(request, open);
      // A client that leaves gets no answer: the work may have been done.
      reply.raw.once('close', () => {
        if (!reply.raw.writableEnded) open.end(true).catch(() => {});
      });
      return undefined;
    },
    async onSend(request, reply, payload) {
      const open = guards.get(request);
      if (open === undefined) return payload;
      const receipt = await open.end(reply.statusCode >= 500);
      for (const [name, value] of Object.entries(receiptHeaders(open.guarded.transaction_id, receipt))) reply.header(name, value);
      return payload;
    },
  };
}
