import { isRefusal, RefusalError, refuse } from '@purser/core';
import { listInvoiceLines, type StatementLine, statementPage, wholeStatement } from '@purser/wallet';
import { toWire } from '@purser/money';
import { z } from 'zod';
import { type STATEMENT_KINDS, invoiceSchema, pageQuery, type statementLineSchema, statementPageSchema } from '@purser/api';
import { sendRefusal, workspaceOf, streamCsv, toCsv, problems, instantQuery, type App, counter, cursorOf } from '@purser/http';

import type { AccountDeps } from './deps.ts';

/** Where a workspace's credits came from and went, and what it owes for those sold one by one. */
export function registerStatement(app: App, deps: AccountDeps): void {
  const { pool } = deps;
  app.route({
    method: 'GET',
    url: '/api/statement',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'All movements of the workspace’s credits',
      description: 'As JSON in pages, newest first; as CSV the whole span at once, oldest first.',
      querystring: z.object({
        from: instantQuery.optional().describe('RFC 3339, or a date (UTC).'),
        to: instantQuery.optional().describe('Not included.'),
        format: z.enum(['json', 'csv']).default('json'),
        ...pageQuery,
      }),
      response: {
        200: {
          description: 'The statement, as wanted by `format`',
          content: {
            'application/json': { schema: statementPageSchema },
            'text/csv': { schema: z.string() },
          },
        },
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const question = { workspace: workspaceOf(request).id, from: query.from, to: query.to };
      if (query.format === 'csv') return streamCsv(reply, 'statement', csvOf(wholeStatement(pool, question)));
      const page = await statementPage(pool, { ...question, cursor: cursorOf(query), limit: query.limit });
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ lines: page.rows.map(wireLine), next_cursor: page.next });
    },
  });

  registerInvoiceLines(app, deps);
}

function registerInvoiceLines(app: App, { pool, clock, meters, policyOf }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/billing/invoice-lines',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'What a billing period adds to the invoice: pay-as-you-go credits',
      querystring: z.object({
        period: instantQuery.optional().describe('A time or a date (UTC) in the billing period; without it the current one.'),
      }),
      response: { 200: invoiceSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const now = clock.now();
      const at = request.query.period ?? now;
      if (Temporal.Instant.compare(at, now) > 0) {
        throw new RefusalError(refuse('invalid_request', `"period": want a time in the past, got ${at}`));
      }
      const { billing_period } = policyOf(workspace, at);
      if (Temporal.Instant.compare(at, billing_period.start) < 0) {
        const since = `since the first billing period started (${billing_period.start})`;
        throw new RefusalError(refuse('invalid_request', `"period": want a time ${since}, got ${at}`));
      }
      const lines = await listInvoiceLines(pool, meters, workspace.id, at);
      return reply.send({
        period: { start: billing_period.start.toString(), end: billing_period.end?.toString() ?? '' },
        lines: lines.map(({ credits, price, amount, closed_at }) => ({
          kind: 'pay_as_you_go' as const,
          credits: counter(credits),
          price: toWire(price),
          amount: toWire(amount),
          final: closed_at !== null,
        })),
      });
    },
  });
}

function wireLine(line: StatementLine): z.infer<typeof statementLineSchema> {
  const [account = '', ...source] = line.account.split(':');
  return {
    transaction_id: line.hold ?? movementId(line),
    at: line.posted_at.toString(),
    kind: kindOf(account, line.change > 0n),
    source: source.length === 0 ? null : source.join(':'),
    credits: counter(line.change),
    balance: counter(line.balance),
    reason: line.reason,
  };
}

function kindOf(account: string, gained: boolean): (typeof STATEMENT_KINDS)[number] {
  if (account === 'granted') return gained ? 'grant' : 'withdrawal';
  if (account === 'spent') return gained ? 'refund' : 'spend';
  return gained ? 'refund' : 'expiry';
}

/** The place of a movement in the books as a UUIDv8: the transaction's number, then the posting's. */
function movementId({ xid, id }: StatementLine): string {
  const number = xid.toString(16).padStart(12, '0').slice(-12);
  const posting = id.toString(16).padStart(15, '0').slice(-15);
  return `${number.slice(0, 8)}-${number.slice(8)}-8000-8${posting.slice(0, 3)}-${posting.slice(3)}`;
}

const COLUMNS = ['at', 'transaction_id', 'kind', 'source', 'credits', 'balance', 'reason'] as const;

async function* csvOf(chunks: AsyncIterable<readonly StatementLine[]>): AsyncGenerator<string> {
  yield toCsv(COLUMNS, []);
  for await (const lines of chunks) {
    const rows = lines.map(wireLine).map((line) => COLUMNS.map((column) => line[column]));
    // The heading is written once.
    yield toCsv([], rows).slice(2);
  }
}
