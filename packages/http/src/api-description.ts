import type { App } from './types.ts';

/** The API description. The generator has to see every route being registered, so it comes first; the web client shows it at `/docs`. */
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
          'Never lose money on an AI call: every paid call is admitted under one atomic hold, and the margin is proven from the ledger. ' +
          'Refusals are RFC 9457 problems; under /v1 they have OpenAI’s error format. Both carry the same `code`.',
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

/** The description as a document. */
export function registerDocs(app: App): void {
  app.route({
    method: 'GET',
    url: '/api/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (_request, reply) =>
      reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(description(app)),
  });
}

let described: { readonly app: App; readonly json: string } | undefined;

/** The document never changes while the process runs: it is written once. */
function description(app: App): string {
  if (described?.app !== app) described = { app, json: JSON.stringify(app.swagger()) };
  return described.json;
}
