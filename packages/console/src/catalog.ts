import { catalogTextSchema } from '@purser/api';
import { problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

/** What is for sale, as it was written: where another catalog is begun from. */
export function registerCatalog(app: App, { catalog: { version, text } }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/catalog',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'The current catalog',
      response: { 200: catalogTextSchema, ...problems(401, 403) },
    },
    handler: async (_request, reply) => reply.send({ version, text }),
  });
}
