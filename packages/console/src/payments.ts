import { isRefusal } from '@purser/core';
import { z } from 'zod';
import { uuidSchema } from '@purser/api';
import { sendRefusal, problems, instantQuery, type App } from '@purser/http';
import { takeInAndRelease } from '@purser/marketplace';

import type { ConsoleDeps } from './deps.ts';

/** Pages of a hundred that one request asks Stripe for: it answers within seconds, and says where to go on. */
const PAGES_MAX = 5;

/** After a disaster, or a webhook that was switched off: what Stripe told is asked for again. */
export function registerPayments(app: App, { marketplace, licenses, log }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/payments/take-in',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Fetches the payment events since a time again, and applies those that are missing',
      description:
        'Lists Stripe’s events (it keeps 30 days of them), and for what is older its objects, and applies each once, as its webhook would have. ' +
        'A request goes through some hundreds; repeat it with `after` until `next` is null.',
      body: z.object({
        since: instantQuery.describe('RFC 3339, or a date (UTC).'),
        after: z.string().max(300).optional().describe('`next` of the answer before.'),
      }),
      response: {
        200: z.object({
          linked: z.int().describe('Customers that were linked to their workspaces again.'),
          duplicate: z.int().describe('Taken in before.'),
          applied: z.int(),
          ignored: z.int().describe('Recorded, without an effect.'),
          refused: z.int(),
          refusals: z.array(z.object({ event: z.string(), type: z.string(), why: z.string() })),
          unreleased: z
            .array(z.object({ workspace_id: uuidSchema, why: z.string() }))
            .describe('Workspaces whose changed license is applied by the next sweep, because applying it at once failed.'),
          next: z.string().nullable(),
        }),
        ...problems(400, 401, 403, 501, 503),
      },
    },
    handler: async (request, reply) => {
      const { since, after } = request.body;
      const taken = await takeInAndRelease({ marketplace, licenses }, { since, after, pages_max: PAGES_MAX });
      if (isRefusal(taken)) return sendRefusal(request, reply, taken);
      for (const { workspace, why } of taken.unreleased)
        log.error({ workspace, why }, 'a changed license will be applied by the next sweep');
      const { linked, duplicate, applied, ignored, refused, refusals, next } = taken;
      const unreleased = taken.unreleased.map(({ workspace, why }) => ({ workspace_id: workspace, why }));
      return reply.send({ linked, duplicate, applied, ignored, refused, refusals: [...refusals], unreleased, next });
    },
  });
}
