import { appendAudit } from '@purser/audit';
import { PLATFORM } from '@purser/core';
import { transaction } from '@purser/database';
import { setFreeze } from '@purser/policy';
import { z } from 'zod';
import { callerOf, problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

const freezeSchema = z.object({ on: z.boolean() });

/** The emergency freeze (T8): while it is on, no rollout begins or goes on. */
export function registerFreeze(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/freeze',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Freezes model and catalog versions, or unfreezes them',
      body: z.strictObject({ on: z.boolean() }),
      response: { 200: freezeSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const { on } = request.body;
      const { actor } = callerOf(request);
      const at = clock.now();
      await transaction(pool, async (connection) => {
        const { before } = await setFreeze(connection, on, { by: actor, at });
        await appendAudit(connection, {
          at,
          actor,
          workspace: PLATFORM,
          action: 'platform.freeze',
          subject: 'platform',
          detail: { before, after: on },
        });
      });
      return reply.send({ on });
    },
  });
}
