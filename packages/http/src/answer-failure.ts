import type { Problem } from '@purser/api';
import { Fault, isRefusal, type Refusal, RefusalError, refuse } from '@purser/core';
import { isTransientDatabaseError } from '@purser/database';
import type { View } from '@purser/catalog';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { anthropicError } from './anthropic-error.ts';
import { openAiError, worthRetrying } from './openai-error.ts';
import { INTERNAL, PROBLEM_TYPE, problemOf } from './problem.ts';

/** Answers with a refusal: a problem, or the vendor's error shape on the routes that speak its format. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  return sendProblem(request, reply, problemOf(refusal, request.view));
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  request.outcome_code = problem.code;
  reply.code(problem.status).header('cache-control', 'no-store');
  if (problem.retry_after !== undefined) reply.header('retry-after', String(problem.retry_after));
  if (problem.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  if (speaksOpenAi(request)) {
    reply.header('x-should-retry', String(worthRetrying(problem)));
    const error = speaksAnthropic(request) ? anthropicError(problem, request.id) : openAiError(problem);
    return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(error));
  }
  return reply.header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** Turns whatever was thrown into an answer. What is not the caller's doing is logged with its cause; the caller never sees a stack. */
export function sendThrown(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const problem = problemOfThrown(thrown, request.view);
  if (problem.status >= 500)
    request.log.error({ err: thrown, request_id: request.id, route: request.routeOptions.url }, 'request failed');
  return sendProblem(request, reply, problem);
}

export function problemOfThrown(thrown: unknown, view: View): Problem {
  const refusal = refusalOfThrown(thrown);
  return refusal === undefined ? INTERNAL : problemOf(refusal, view);
}

/** What a caller is refused by something that was thrown; undefined when it is ours to fix. */
export function refusalOfThrown(thrown: unknown): Refusal | undefined {
  if (thrown instanceof RefusalError) return thrown.refusal;
  if (isRefusal(thrown)) return thrown;
  if ((thrown instanceof Fault && thrown.retryable) || isTransientDatabaseError(thrown)) {
    return refuse('overloaded', 'a service this needs is not available at the moment; nothing was spent', {
      retryAfterSeconds: 2,
    });
  }
  return refusalOfFramework(thrown);
}

const FRAMEWORK: Readonly<Record<string, Refusal>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: refuse('request_too_large', 'the body is larger than this endpoint accepts'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: refuse('unsupported_media_type', 'content-type: got none, want application/json'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: refuse('invalid_request', 'the body is shorter or longer than its content-length'),
  FST_ERR_CTP_EMPTY_JSON_BODY: refuse('invalid_request', 'the body is empty; want a JSON object'),
  FST_ERR_CTP_EMPTY_TYPE: refuse('unsupported_media_type', 'content-type: got none, want application/json'),
  FST_ERR_BAD_URL: refuse('invalid_request', 'the path is not a valid URL'),
  FST_ERR_MAX_PARAM_LENGTH: refuse('not_found', 'a part of the path is longer than any id'),
};

/** The HTTP framework's own 4xx errors, in our words; anything else it throws is ours to fix. */
function refusalOfFramework(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined;
  const known = FRAMEWORK[thrown.code];
  if (known !== undefined) return known;
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (thrown.code === 'ECONNRESET' || (typeof status === 'number' && status >= 400 && status < 500)) {
    return refuse('invalid_request', 'the request could not be read');
  }
  return undefined;
}

function speaksAnthropic(request: FastifyRequest): boolean {
  return request.url.startsWith('/v1/messages');
}

function speaksOpenAi(request: FastifyRequest): boolean {
  return request.url.startsWith('/v1/');
}
