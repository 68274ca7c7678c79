import type { Catalogue } from '@purser/catalog';
import { z } from 'zod';

import type { RouteDeps } from '../deps.ts';
import { problems } from '../http/responses.ts';
import type { App } from '../http/types.ts';
import { counter, counterSchema } from '../http/wire.ts';

const operationSchema = z.object({
  name: z.string(),
  task: z.string(),
  feature: z.string().describe('The plan feature it needs.'),
  description: z.string().optional(),
  credits_min: counterSchema.describe('The least one call is charged.'),
  complexities: z.array(z.enum(['simple', 'medium', 'complex'])),
  output_tokens_default: z.int(),
});

/** What can be asked for. Public: it is what a price page shows. */
export function registerCatalogue(app: App, { catalogue }: RouteDeps): void {
  const operations = wireOperations(catalogue);
  app.route({
    method: 'GET',
    url: '/api/operations',
    config: { access: 'public' },
    schema: {
      tags: ['Workspace'],
      summary: 'What can be asked for',
      response: { 200: z.array(operationSchema), ...problems(503) },
    },
    handler: async (_request, reply) => reply.send(operations),
  });
}

function wireOperations({ operations }: Catalogue): z.infer<typeof operationSchema>[] {
  return operations.map((operation) => ({
    name: operation.name,
    task: operation.task,
    feature: operation.feature,
    ...(operation.instructions !== undefined && { description: operation.instructions }),
    credits_min: counter(operation.credits_min),
    complexities: ['simple', 'medium', 'complex'],
    output_tokens_default: operation.output_tokens_default,
  }));
}
