import type { Catalog } from '@purser/catalog';
import type { Policy } from '@purser/policy';
import { z } from 'zod';
import { operationSchema } from '@purser/api';
import { callerIfAny, problems, type App, counter } from '@purser/http';

import type { GatewayDeps } from './deps.ts';

/** What can be asked for. Public: it is what a price page shows. */
export function registerOperations(app: App, { catalog, policyOf, clock }: GatewayDeps): void {
  const operations = wireOperations(catalog);
  app.route({
    method: 'GET',
    url: '/api/operations',
    config: { access: 'public' },
    schema: {
      tags: ['Workspace'],
      summary: 'What can be asked for',
      response: { 200: z.array(operationSchema), ...problems(503) },
    },
    handler: async (request, reply) => {
      const workspace = callerIfAny(request)?.workspace;
      if (workspace === undefined) return reply.send(operations);
      const policy = policyOf(workspace, clock.now());
      const shown = wireOperations(policy.catalog);
      return reply.send(shown.map((operation) => ({ ...operation, available: isAvailable(policy, operation) })));
    },
  });
}

function isAvailable({ plan, features }: Policy, { name, feature }: z.infer<typeof operationSchema>): boolean {
  return features.has(feature) && (plan.operations?.includes(name) ?? true);
}

function wireOperations({ operations }: Catalog): z.infer<typeof operationSchema>[] {
  return operations.map((operation) => ({
    name: operation.name,
    task: operation.task,
    feature: operation.feature,
    ...(operation.description !== undefined && { description: operation.description }),
    ...(operation.example !== undefined && { example: operation.example }),
    credits_min: counter(operation.credits_min),
    complexities: ['simple', 'medium', 'complex'],
    output_tokens_default: operation.output_tokens_default,
  }));
}
