import { isRefusal, isUuid, RefusalError, refuse, type WorkspaceId } from '@purser/core';
import {
  listPostings,
  type MarginLine,
  marginReport,
  type Posting,
  type RevenueSources,
  revenueSources,
  trialBalance,
} from '@purser/ledger';
import { money, toWire } from '@purser/money';
import { z } from 'zod';
import {
  ledgerVerificationSchema,
  marginSchema,
  pageQuery,
  postingPageSchema,
  type postingSchema,
  trialBalanceRowSchema,
} from '@purser/api';
import { sendRefusal, problems, spanOf, spanQuery, type App, counter, cursorOf, quantity } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { verifyBooks } from './verify-books.ts';

const config = { access: 'admin' } as const;

/** What the books say, and whether they can be believed. */
export function registerBooks(app: App, deps: ConsoleDeps): void {
  registerMarginLines(app, deps);
  registerEntries(app, deps);
  registerTrialBalance(app, deps);
  registerVerification(app, deps);
}

function registerMarginLines(app: App, { clock, pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/margin',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Revenue, fees, cost and margin from the ledger',
      querystring: z.object({
        ...spanQuery,
        by: z.enum(['plan', 'workspace', 'pack']).default('plan'),
      }),
      response: { 200: z.array(marginSchema), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { by } = request.query;
      const span = spanOf(request.query, clock.now());
      const [lines, sources] = await Promise.all([marginReport(pool, { ...span, by }), sourcesBy(pool, by, span)]);
      return reply.send(lines.map((line) => wireMargin(line, sources)));
    },
  });
}

function registerEntries(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/ledger',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Ledger entries, newest first',
      querystring: z.object({ workspace_id: z.string().max(100).optional(), ...pageQuery }),
      response: {
        200: postingPageSchema,
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const page = await listPostings(pool, {
        workspace: wantedWorkspace(query.workspace_id),
        cursor: cursorOf(query),
        limit: query.limit,
      });
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ postings: page.rows.map(wirePosting), next_cursor: page.next });
    },
  });
}

function registerTrialBalance(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/ledger/trial-balance',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Every account per unit; the balances of a unit add up to zero',
      response: { 200: z.array(trialBalanceRowSchema), ...problems(401, 403) },
    },
    handler: async (_request, reply) => {
      const accounts = await trialBalance(pool);
      return reply.send(
        accounts.map(({ account, unit, debit, credit, net }) => ({
          account,
          unit,
          debit: quantity(debit, unit),
          credit: quantity(credit, unit),
          net: quantity(net, unit),
        })),
      );
    },
  });
}

function registerVerification(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/ledger/verify',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Replays entries and holds, and compares them with the counters',
      description: 'Reads everything: for operators, not for polling.',
      response: {
        200: ledgerVerificationSchema,
        ...problems(401, 403),
      },
    },
    handler: async (_request, reply) => {
      const { balanced, entries, open_holds, overruns, unreconciled, mismatches } = await verifyBooks(pool);
      return reply.send({
        balanced,
        entries: counter(entries),
        open_holds: counter(open_holds),
        overruns: counter(overruns),
        unreconciled: counter(unreconciled),
        mismatches: [...mismatches],
      });
    },
  });
}

/** Of a pack all is collected; of a model or a month the report does not say. */
export async function sourcesBy(
  pool: ConsoleDeps['pool'],
  by: string,
  span: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<SourcesOf> {
  if (by === 'plan' || by === 'workspace') return await revenueSources(pool, { ...span, by });
  if (by === 'pack') return ({ revenue }) => ({ collected: revenue, agreed: money(0n, revenue.currency) });
  return () => undefined;
}

type SourcesOf = (line: MarginLine) => RevenueSources | undefined;

export function wireMargin(line: MarginLine, sourcesOf: SourcesOf): z.infer<typeof marginSchema> {
  const sources = sourcesOf(line);
  return {
    key: line.key,
    revenue: toWire(line.revenue),
    fees: toWire(line.fees),
    cost: toWire(line.cost),
    margin: toWire(line.margin),
    margin_ratio: line.margin_ratio,
    ...(sources && { collected: toWire(sources.collected), agreed: toWire(sources.agreed) }),
  };
}

export function wantedWorkspace(id: string | undefined): WorkspaceId | null {
  if (id === undefined || id === '') return null;
  if (!isUuid(id)) throw new RefusalError(refuse('invalid_request', `"workspace_id": want a UUID, got ${JSON.stringify(id)}`));
  return id as WorkspaceId;
}

export function wirePosting(posting: Posting): z.infer<typeof postingSchema> {
  const { reported, reported_unit } = posting;
  return {
    id: counter(posting.id),
    at: posting.posted_at.toString(),
    workspace_id: posting.workspace,
    transaction_id: posting.hold,
    debit: posting.debit,
    credit: posting.credit,
    amount: quantity(posting.amount, posting.unit),
    unit: posting.unit,
    reported:
      reported === null || reported_unit === null
        ? null
        : { amount: String(quantity(reported, reported_unit)), currency: reported_unit },
    plan: posting.plan,
    memo: posting.reason,
  };
}
