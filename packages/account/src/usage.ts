import { licenseNotice } from '@purser/license';
import { openGrants } from '@purser/meters';
import { EVERY_TASK, explainPolicy, metersFor } from '@purser/policy';
import { creditForecaster } from '@purser/wallet';
import { z } from 'zod';
import { usageSchema } from '@purser/api';
import { callerOf, workspaceOf, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { wireNotice } from './license-notice.ts';
import { usageReport } from './usage-report.ts';

/** What the caller's workspace has, has used and may still use. */
export function registerUsage(app: App, { pool, clock, meters, members, policyOf, openPeriod }: AccountDeps): void {
  const forecastCredits = creditForecaster(pool);
  app.route({
    method: 'GET',
    url: '/api/usage',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'Credits, cost and meters',
      querystring: z.object({ explain: z.enum(['0', '1']).optional().describe('`1`: where each value comes from.') }),
      response: { 200: usageSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const { user, actor } = callerOf(request);
      const now = clock.now();
      const policy = policyOf(workspace, now);
      await openPeriod(policy, now);
      const allocated = await members.of(policy, user);
      const [states, grants] = await Promise.all([
        meters.readOwn(
          workspace.id,
          metersFor(EVERY_TASK, policy, { user: user ?? actor, allocated }, now).filter(
            (meter) => meter.workspace === workspace.id,
          ),
        ),
        openGrants(pool, clock, workspace.id),
      ]);
      return reply.header('cache-control', 'no-store').send({
        ...usageReport(policy, states, grants, now, await forecastCredits(policy, grants, now)),
        license_notice: wireNotice(licenseNotice(policy, now)),
        ...(request.query.explain === '1' && { policy: explainPolicy(policy) }),
      });
    },
  });
}
