import { RefusalError, refuse } from '@purser/core';
import { workspaceDays } from '@purser/ledger';
import { toWire } from '@purser/money';
import { z } from 'zod';
import { dailyUsageSchema } from '@purser/api';
import { type App, counter, instantQuery, problems, workspaceOf } from '@purser/http';

import type { AccountDeps } from './deps.ts';

const DAYS_DEFAULT = 30;
const DAYS_MAX = 92;

/** What the caller's workspace used day by day. */
export function registerDailyUsage(app: App, { pool, clock }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/usage/daily',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'Calls, tokens and credits of each day',
      description: 'In the workspace’s time zone; days without any use are left out.',
      querystring: z.object({
        from: instantQuery.optional().describe(`RFC 3339, or a date (UTC); without it ${DAYS_DEFAULT} days back.`),
        to: instantQuery.optional().describe('Not included; without it now.'),
      }),
      response: {
        200: dailyUsageSchema,
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const { id, timezone } = workspaceOf(request);
      const to = request.query.to ?? clock.now();
      const last = to.toZonedDateTimeISO(timezone);
      const first = request.query.from?.toZonedDateTimeISO(timezone) ?? last.subtract({ days: DAYS_DEFAULT - 1 }).startOfDay();
      const length = first.toPlainDate().until(last.toPlainDate()).days;
      if (length < 0 || length > DAYS_MAX) {
        throw new RefusalError(refuse('invalid_request', `want at most ${DAYS_MAX} days, and "from" before "to"; got ${length}`));
      }
      const days = await workspaceDays(pool, id, { from: first.toInstant(), to, timezone });
      return reply.header('cache-control', 'no-store').send({
        timezone,
        from: first.toPlainDate().toString(),
        to: last.toPlainDate().toString(),
        days: days.map((day) => ({
          day: day.day,
          calls: counter(day.calls),
          calls_failed: counter(day.calls_failed),
          input_tokens: counter(day.input_tokens),
          output_tokens: counter(day.output_tokens),
          credits_spent: counter(day.credits_spent),
          cost: day.cost.map(toWire),
        })),
      });
    },
  });
}
