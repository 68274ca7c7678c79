import { refuse } from '@purser/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { sendRefusal } from './answer-failure.ts';
import type { RouteFacts } from './types.ts';

/** An unknown path, or a known one called with another method: then `Allow` and the sentence name those it has. */
export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply, routes: readonly RouteFacts[]): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  const methods = [...new Set(routes.filter((route) => matches(route.url, path)).map((route) => route.method))];
  if (methods.length > 0) {
    reply.header('allow', methods.join(', '));
    return sendRefusal(
      request,
      reply,
      refuse('not_found', `${shortened(path)} takes ${methods.join(', ')}, got ${request.method}`),
    );
  }
  return sendRefusal(
    request,
    reply,
    refuse('not_found', `there is no ${request.method} ${shortened(path)}; /api/openapi.json lists the endpoints`),
  );
}

function matches(pattern: string, path: string): boolean {
  if (pattern.includes('*')) return false;
  const wanted = pattern.split('/');
  const given = path.split('/');
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}

function shortened(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path;
}
