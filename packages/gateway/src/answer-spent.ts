import { isRefusal } from '@purser/core';
import type { Gate, Spent, TaskRequest } from '@purser/gate';
import { callerOf, callerSignal, idempotencyOf, sendRefusal } from '@purser/http';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { describeBill, describeCall } from './describe-call.ts';

interface Wanted {
  readonly input: unknown;
  readonly model?: string | null | undefined;
  readonly user?: string | null | undefined;
}

/** Spends on one call of a task and answers it whole, as `wire` writes it; what OpenAI's shape has no member for is in headers. */
export async function answerSpent<Result>(
  gate: Gate,
  task: string,
  wanted: Wanted,
  request: FastifyRequest,
  reply: FastifyReply,
  wire: (spent: Spent<Result>) => object,
): Promise<FastifyReply> {
  const spent = await gate.spend<Result>(callerOf(request), task, requestOf(request, wanted), callerSignal(reply));
  if (isRefusal(spent)) return sendRefusal(request, reply, spent);
  // Built here to the published shape: megabytes are not looked at once more.
  return sendSpent(reply, spent, 'application/json; charset=utf-8', JSON.stringify(wire(spent)));
}

/** A settled answer as it is written, with what it came to in headers. */
export function sendSpent(reply: FastifyReply, spent: Spent<unknown>, content_type: string, body: string): FastifyReply {
  if (spent.replayed) reply.header('idempotency-replayed', 'true');
  describeCall(reply, spent);
  describeBill(reply, { cost: spent.cost, charged: spent.credits.charged });
  return reply.type(content_type).send(body);
}

/** What a task is asked, with what the request says beside its body. */
export function requestOf(request: FastifyRequest, { input, model, user }: Wanted): TaskRequest {
  const idempotency = idempotencyOf(request);
  return {
    input,
    ...(model ? { model } : {}),
    ...(user ? { user } : {}),
    ...(idempotency !== undefined && { idempotency }),
    ...(request.arrival !== null && { arrival: request.arrival }),
  };
}
