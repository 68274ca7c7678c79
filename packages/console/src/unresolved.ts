import { type HoldId, isRefusal, isUuid, RefusalError, refuse } from '@purser/core';
import { type Currency, money, toWire } from '@purser/money';
import { z } from 'zod';
import { amountSchema, instantSchema, pageQuery, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, problems, instantQuery, type App, cursorOf } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { listUnresolved, resolveCalls, type Unresolved } from './resolve-unresolved.ts';
import { wantedWorkspace } from './books.ts';

const PAGE = 50;
const CALLS_MAX = 1_000;

const unresolvedSchema = z.object({
  transaction_id: uuidSchema,
  workspace_id: uuidSchema,
  provider: z.string(),
  model: z.string().nullable(),
  cause: z
    .string()
    .describe(
      'How its last attempt ended (`unavailable`, `timeout`, `garbage`, `fault`, …); `expired`: no server reported a result; `lost`: the hold was not in the database.',
    ),
  counted: z.boolean().describe('Whether it counts against the workspace’s ceiling.'),
  since: instantSchema,
  cost: amountSchema.describe('Its maximum cost, as the provider bills.'),
  resolved_at: instantSchema.nullable(),
  verdict: z.enum(['billed', 'not_billed']).nullable(),
});

const span = {
  from: instantQuery.optional().describe('RFC 3339, or a date (UTC).'),
  to: instantQuery.optional().describe('Not included.'),
};

/** Calls that a provider may have billed and nobody knows: shown, and resolved by the operator's word. */
export function registerUnresolved(app: App, deps: ConsoleDeps): void {
  registerList(app, deps);
  registerResolve(app, deps);
}

function registerList(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/unresolved',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Unresolved calls, which a provider may have billed, oldest first',
      querystring: z.object({
        ...pageQuery,
        ...span,
        provider: z.string().max(120).optional(),
        workspace_id: z.string().max(100).optional(),
        resolved: z.enum(['0', '1']).optional().describe('`1`: also those that are resolved.'),
      }),
      response: {
        200: z.object({ unresolved: z.array(unresolvedSchema), next_cursor: z.string().nullable() }),
        ...problems(400, 401, 403),
      },
    },
    handler: async ({ query }, reply) => {
      const limit = query.limit ?? PAGE;
      const workspace = wantedWorkspace(query.workspace_id);
      const after = afterCursor(cursorOf(query));
      const rows = await listUnresolved(pool, {
        limit,
        resolved: query.resolved === '1',
        ...(query.provider !== undefined && { provider: query.provider }),
        ...(workspace && { workspace }),
        ...(query.from && { from: query.from }),
        ...(query.to && { to: query.to }),
        ...(after && { after }),
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return reply.send({
        unresolved: rows.map(wireUnresolved),
        next_cursor: last ? `${last.since.toString()}_${last.hold_id}` : null,
      });
    },
  });
}

function registerResolve(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/unresolved/resolve',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Sets what unresolved calls cost: some by their ids, or all of a provider and a time span',
      description:
        'Not billed: their cost is removed from the ledger. Billed: it is booked as cost, by `cost` or else by the whole hold. The customer is charged in neither case. A call that is resolved already stays as it is, so sending the same request again changes nothing.',
      body: z.strictObject({
        transaction_ids: z.array(uuidSchema).min(1).max(CALLS_MAX).nullish(),
        provider: z.string().min(1).max(120).nullish(),
        from: z.iso.datetime({ offset: true }).nullish().describe('RFC 3339.'),
        to: z.iso.datetime({ offset: true }).nullish().describe('Not included.'),
        verdict: z.enum(['billed', 'not_billed']),
        cost: amountSchema.nullish().describe('Of one call, in the currency its provider bills in.'),
        reason: z.string().min(1).max(500),
      }),
      response: {
        200: z.object({
          resolved: z.int(),
          amounts: z.array(amountSchema).describe('Their maximum cost.'),
        }),
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { transaction_ids, provider, from, to, verdict, cost, reason } = request.body;
      if (!transaction_ids && !provider) {
        throw new RefusalError(refuse('invalid_request', 'want "transaction_ids", or a "provider" with "from" and "to"'));
      }
      const done = await resolveCalls(
        pool,
        clock.now(),
        {
          ...(transaction_ids && { holds: transaction_ids as HoldId[] }),
          ...(provider && { provider }),
          ...(from && { from: Temporal.Instant.from(from) }),
          ...(to && { to: Temporal.Instant.from(to) }),
        },
        { verdict, reason, actor: callerOf(request).actor, ...(cost && { cost }) },
      );
      if (isRefusal(done)) return sendRefusal(request, reply, done);
      return reply.send({ resolved: done.resolved, amounts: done.amounts.map(toWire) });
    },
  });
}

/** @throws RefusalError (`invalid_request`) when it is none of ours. */
function afterCursor(cursor: string | null): { since: Temporal.Instant; hold_id: string } | undefined {
  if (cursor === null) return undefined;
  const [since = '', hold_id = ''] = cursor.split('_');
  try {
    if (isUuid(hold_id)) return { since: Temporal.Instant.from(since), hold_id };
  } catch {
    // Told below.
  }
  throw new RefusalError(refuse('invalid_request', '"cursor": want `next_cursor` of the page before'));
}

function wireUnresolved(one: Unresolved): z.infer<typeof unresolvedSchema> {
  return {
    transaction_id: one.hold_id,
    workspace_id: one.workspace_id,
    provider: one.provider,
    model: one.model,
    cause: one.cause,
    counted: one.counted,
    since: one.since.toString(),
    cost: toWire(money(one.cost, one.cost_unit as Currency)),
    resolved_at: one.resolved_at?.toString() ?? null,
    verdict: one.verdict,
  };
}
