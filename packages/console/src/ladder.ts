import { listLevels } from '@purser/policy';
import { z } from 'zod';
import { laddersSchema, type ladderStateSchema } from '@purser/api';
import { problems, type App, quantity } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

/** Where every ladder stands: the shared ones always, those of workspaces that are on a level. */
export function registerLadder(app: App, deps: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/ladder',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'The throttling level of each watched meter',
      querystring: z.object({ limit: z.coerce.number().int().min(1).max(1000).optional() }),
      response: {
        200: laddersSchema,
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const found = await listLevels(deps, request.query.limit ?? 100);
      const wire = (one: (typeof found.shared)[number]): z.infer<typeof ladderStateSchema> => ({
        ...one,
        spent: quantity(one.spent, one.unit),
        cap: quantity(one.cap, one.unit),
        since: one.since?.toString() ?? null,
        effects: [...one.effects],
      });
      return reply.header('cache-control', 'no-store').send({
        frozen: deps.policies.state().frozen,
        shared: found.shared.map(wire),
        workspaces: found.workspaces.map(wire),
        workspaces_throttled: found.count,
      });
    },
  });
}
