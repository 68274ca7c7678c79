import type { Gate } from '@purser/gate';
import type { App } from '@purser/http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Every answer of an endpoint that spends says what is left of the rate, refusals included; a stream does so by itself, before it begins. */
export function limitsOnAnswers(app: App, gate: Gate): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.routeOptions.config.spends === true) describeLimits(gate, request, reply);
    done(null, payload);
  });
}

/** What is left of the workspace's rate, by the names that OpenAI's clients read. Called last, so that the call itself is counted. */
export function describeLimits(gate: Gate, request: FastifyRequest, reply: FastifyReply): void {
  const left = request.caller === null ? undefined : gate.headroom(request.caller);
  if (left === undefined) return;
  reply.headers({
    'x-ratelimit-limit-requests': String(left.limit),
    'x-ratelimit-remaining-requests': String(left.remaining),
    'x-ratelimit-reset-requests': `${Math.ceil(left.reset_ms / 1000)}s`,
  });
}
