import type { Gate, ServedCall } from '@purser/gate';
import type { App } from '@purser/http';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { describeCall } from './describe-call.ts';

/** Every answer of an endpoint that spends says what is left of the rate, refusals included; a stream does so by itself, before it begins. */
export function limitsOnAnswers(app: App, gate: Gate): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.routeOptions.config.spends === true) describeLimits(gate, request, reply);
    done(null, payload);
  });
}

/** What is left of the workspace's rate, by the names that OpenAI's clients read. Called last, so that the call itself is counted. */
function describeLimits(gate: Gate, request: FastifyRequest, reply: FastifyReply): void {
  const left = request.caller === null ? undefined : gate.headroom(request.caller);
  if (left === undefined) return;
  reply.headers({
    'x-ratelimit-limit-requests': String(left.limit),
    'x-ratelimit-remaining-requests': String(left.remaining),
    'x-ratelimit-reset-requests': `${Math.ceil(left.reset_ms / 1000)}s`,
  });
}

/** The headers of an answer in events, before the first: a hook comes too late for them. Without a call, it is one that was given before. */
export function describeStream(
  gate: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
  { call, replayed }: { readonly call?: ServedCall | undefined; readonly replayed?: true | undefined },
): void {
  describeLimits(gate, request, reply);
  if (replayed) reply.header('idempotency-replayed', 'true');
  if (call !== undefined) describeCall(reply, call);
}
