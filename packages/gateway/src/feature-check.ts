import { z } from 'zod';
import { workspaceOf, problems, type App } from '@purser/http';

import type { GatewayDeps } from './deps.ts';

const params = z.object({
  feature: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .describe('Such as `sync` or `reports`.'),
});

/** Whether a feature may be used right now: for what a product does itself, at no cost to us, and sells as a part of a plan. */
export function registerFeatureCheck(app: App, { policyOf, clock }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/api/features/:feature/check',
    config: { access: 'workspace', feature: ({ params: named }) => String((named as { feature?: string }).feature) },
    schema: {
      tags: ['Workspace'],
      summary: 'Whether a feature may be used now',
      description:
        'Checks plan, license and throttling, in this order, and counts nothing. For features that cost money call their own endpoints.',
      params,
      response: {
        200: z.object({ allowed: z.literal(true), feature: z.string(), plan: z.string(), license: z.string() }),
        ...problems(400, 401, 402, 403, 429, 503),
      },
    },
    // Clients name JSON on every POST; with nothing sent there is nothing to read.
    onRequest: async ({ headers }) => {
      const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
      if (empty) delete headers['content-type'];
    },
    handler: async (request, reply) => {
      const { plan, license_stage } = policyOf(workspaceOf(request), clock.now());
      return reply
        .header('cache-control', 'no-store')
        .send({ allowed: true, feature: request.params.feature, plan: plan.code, license: license_stage });
    },
  });
}
