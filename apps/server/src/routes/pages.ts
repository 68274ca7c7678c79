import { type App, callerOf, problems } from '@purser/http';
import { hasRole } from '@purser/identity';
import type { Page } from '@purser/module';
import { z } from 'zod';

const pageSchema = z.object({
  path: z.string(),
  label: z.string(),
  for: z.enum(['workspace', 'operator']),
  module: z.string(),
});

/** The pages that the modules of this server bring, for the navigation of the web client. */
export function registerPages(app: App, modules: readonly { readonly name: string; readonly pages?: readonly Page[] }[]): void {
  const all = modules.flatMap(({ name, pages = [] }) => pages.map((page) => ({ ...page, module: name })));
  app.route({
    method: 'GET',
    url: '/api/pages',
    config: { access: 'signed_in' },
    schema: {
      tags: ['Workspace'],
      summary: 'Pages that modules add, for the signed-in person',
      response: { 200: z.object({ pages: z.array(pageSchema) }), ...problems(401, 503) },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const [inside, operates] = [caller.workspace !== undefined, hasRole(caller, 'admin')];
      return reply.send({ pages: all.filter((page) => (page.for === 'workspace' ? inside : operates)) });
    },
  });
}
