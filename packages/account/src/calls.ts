import { isRefusal } from '@purser/core';
import { type Attempt, listAttempts } from '@purser/ledger';
import { currency, money, toWire } from '@purser/money';
import { z } from 'zod';
import { callPageSchema, type callSchema, pageQuery } from '@purser/api';
import { sendRefusal, workspaceOf, problems, type App, cursorOf } from '@purser/http';

import type { AccountDeps } from './deps.ts';

/** The last provider calls of the caller's workspace, newest first, failed ones too. */
export function registerCalls(app: App, { pool }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/calls',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'The last calls with what they cost',
      querystring: z.object(pageQuery),
      response: { 200: callPageSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const page = await listAttempts(pool, { workspace: workspaceOf(request).id, cursor: cursorOf(query), limit: query.limit });
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ calls: page.rows.map(wireCall), next_cursor: page.next });
    },
  });
}

const tokens = z.object({ input_tokens: z.int(), output_tokens: z.int() });

export function wireCall(attempt: Attempt): z.infer<typeof callSchema> {
  const usage = tokens.safeParse(attempt.usage);
  return {
    id: attempt.hold,
    attempt: attempt.ordinal,
    at: attempt.started_at.toString(),
    operation: attempt.operation,
    provider: attempt.provider,
    model: attempt.model,
    model_version: attempt.model_version,
    usage: usage.success ? usage.data : null,
    cost: attempt.cost === null || attempt.cost_unit === null ? null : toWire(money(attempt.cost, currency(attempt.cost_unit))),
    outcome: attempt.outcome,
    duration_ms: attempt.duration_ms,
  };
}
