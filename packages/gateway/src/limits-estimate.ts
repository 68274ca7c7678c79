import { estimateLimits } from '@purser/gate';
import { toWire } from '@purser/money';
import { z } from 'zod';
import { asCost, amountSchema } from '@purser/api';
import { workspaceOf, problems, type App } from '@purser/http';

import type { GatewayDeps } from './deps.ts';

const estimateSchema = z.object({
  candidate_count_allowed: z.int().describe('Images of one gallery: 30, 20, 10, or 0 for none.'),
  quality_allowed: z.enum(['low', 'medium', 'high']).describe('Of final images; candidates are of low quality.'),
  new_batch_allowed: z.boolean(),
  finalize_max_allowed: z.int(),
  output_tokens_allowed: z.int(),
  candidates_cost: asCost(amountSchema.nullable().describe('The maximum cost of a gallery; null where no price is known.')),
  finals_cost: asCost(amountSchema.nullable()),
  degraded: z.array(z.object({ what: z.string(), why: z.string() })),
});

/** What may be asked for now, before it is asked for (S5). */
export function registerLimitsEstimate(app: App, { clock, meters, policyOf, openPeriod, gate }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/limits/estimate',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'What may be asked for now',
      description: 'By plan, throttling, budget and credits left. Nothing is reserved: the call itself decides.',
      response: { 200: estimateSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const now = clock.now();
      const policy = policyOf(workspaceOf(request), now);
      await openPeriod(policy, now);
      const { candidates_cost, finals_cost, degraded, ...allowed } = await estimateLimits(
        meters,
        policy,
        gate.offeredBy('image'),
        now,
      );
      return reply.header('cache-control', 'no-store').send({
        ...allowed,
        candidates_cost: candidates_cost && toWire(candidates_cost),
        finals_cost: finals_cost && toWire(finals_cost),
        degraded: [...degraded],
      });
    },
  });
}
