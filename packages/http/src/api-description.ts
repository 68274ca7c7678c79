import type { FastifyInstance } from 'fastify';

import { PAGE_POLICY } from './security-headers.ts';
import type { App } from './types.ts';

/**
 * The API description and its readable form. The generator has to see every route being registered, so it comes first;
 * the readable form is a megabyte of files that are read only when somebody asks for them.
 */
export async function registerApiDescription(app: App): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger');
  const { jsonSchemaTransform } = await import('fastify-type-provider-zod');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Purser',
        version: '1',
        description:
          'Admits every paid call of an AI product under one atomic hold, and proves the margin from its books. ' +
          'Refusals are RFC 9457 problems, under /v1 OpenAI’s error shape; both carry the same `code`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: ['Spending', 'OpenAI', 'Workspace', 'Session', 'Administration', 'Operation'].map((name) => ({ name })),
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description: 'A workspace key, session token, platform key or the admin token.',
          },
        },
      },
      security: [{ key: [] }],
    },
    transform: ({ schema, url, route, ...rest }) => {
      const transformed = jsonSchemaTransform({ schema, url, route, ...rest });
      if (route.config?.access === 'public') Object.assign(transformed.schema, { security: [] });
      return transformed;
    },
  });
}

export async function registerDocs(app: App): Promise<void> {
  app.route({
    method: 'GET',
    url: '/api/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (_request, reply) =>
      reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(description(app)),
  });
  await app.register(async (pages: FastifyInstance) => {
    const { default: swaggerUi } = await import('@fastify/swagger-ui');
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
      route.schema = { ...route.schema, hide: true };
    });
    pages.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', PAGE_POLICY);
    });
    await pages.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Purser API' }, logLevel: 'silent' });
  });
}

let described: { readonly app: App; readonly json: string } | undefined;

/** The document never changes while the process runs: it is written once. */
function description(app: App): string {
  if (described?.app !== app) described = { app, json: JSON.stringify(app.swagger()) };
  return described.json;
}
