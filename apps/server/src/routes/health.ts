import { RefusalError, refusalKinds, refuse } from '@purser/core';
import { z } from 'zod';
import { problemSchema } from '@purser/api';
import { INTERNAL, type App, type InFlight } from '@purser/http';

import type { ServerDeps } from '../deps.ts';

const stateSchema = z.object({ status: z.enum(['ok', 'stopping', 'database_away']) });

/** Whether the process lives, whether it should get traffic, and its figures. */
export function registerHealth(app: App, { inFlight, metrics, ready }: ServerDeps & { readonly inFlight: InFlight }): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { access: 'public' },
    schema: { tags: ['Operation'], summary: 'The process is alive', response: { 200: stateSchema } },
    handler: async () => ({ status: 'ok' as const }),
  });
  app.route({
    method: 'GET',
    url: '/readyz',
    config: { access: 'public' },
    schema: {
      tags: ['Operation'],
      summary: 'The process is ready for traffic',
      response: { 200: stateSchema, 503: stateSchema },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      if (inFlight.draining) return reply.code(503).send({ status: 'stopping' });
      return (await ready()) ? { status: 'ok' as const } : reply.code(503).send({ status: 'database_away' });
    },
  });
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'public' },
    schema: { tags: ['Operation'], summary: 'Figures for Prometheus', response: { 200: z.string() } },
    handler: async (_request, reply) =>
      reply
        .header('content-type', metrics.registry.contentType)
        .serializer(String)
        .send(await metrics.registry.metrics()),
  });
  app.route({
    method: 'GET',
    url: '/problems/:code',
    config: { access: 'public' },
    schema: {
      tags: ['Operation'],
      summary: 'What a problem’s type names',
      params: z.object({ code: z.string() }),
      response: { 200: z.object({ code: z.string(), status: z.int(), title: z.string() }), 404: problemSchema },
    },
    handler: async (request, reply) => {
      const { code } = request.params;
      if (code === INTERNAL.code) return { code, status: INTERNAL.status, title: INTERNAL.title };
      const refusal = refusalKinds().get(code);
      if (refusal === undefined) throw new RefusalError(refuse('not_found', `there is no problem named "${code}"`));
      return reply.send({ code, status: refusal.status, title: refusal.title });
    },
  });
}
