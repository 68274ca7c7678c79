import { isRefusal } from '@purser/core';
import { type Attempt, listAttempts } from '@purser/ledger';
import { currency, money, toWire } from '@purser/money';
import { z } from 'zod';
import { asCost, amountSchema, instantSchema, pageQuery, uuidSchema } from '@purser/api';
import { sendRefusal, workspaceOf, problems, type App, cursorOf } from '@purser/http';

import type { AccountDeps } from './deps.ts';

export const callSchema = z.object({
  id: uuidSchema.describe('The transaction id; several attempts of one call share it.'),
  attempt: z.int(),
  at: instantSchema,
  operation: z.string(),
  provider: z.string(),
  model: z.string(),
  model_version: z.string().nullable(),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).nullable().describe('Null: the provider did not say.'),
  cost: asCost(amountSchema.nullable().describe('Null: not known yet; the maximum stays counted until it is.')),
  outcome: z.string(),
  duration_ms: z.int(),
});

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
      response: { 200: z.object({ calls: z.array(callSchema), next_cursor: z.string().nullable() }), ...problems(400, 401, 403) },
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
