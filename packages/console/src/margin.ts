import { RefusalError, refuse } from '@purser/core';
import { type MarginLine, marginOverTime } from '@purser/ledger';
import { compare, type Money, money, toWire } from '@purser/money';
import { z } from 'zod';
import { marginPageSchema, marginStepSchema, pageQuery } from '@purser/api';
import { type App, cursorOf, problems, sendCsv, type Span, spanOf, spanQuery } from '@purser/http';

import { sourcesBy, wireMargin } from './books.ts';
import type { ConsoleDeps } from './deps.ts';
import { Remembered } from './remembered.ts';
import { MARGIN_KEYS, type MarginBy, marginBy, marginCsv, minimumOf, workspacesIn } from './reports.ts';

const SORTS = ['margin', '-margin', 'revenue', '-revenue', 'cost', '-cost', 'ratio', '-ratio', 'name', '-name'] as const;
type Sort = (typeof SORTS)[number];
const LIMIT = 50;
/** Sums over all the books: a page of them may be so old. */
const REMEMBERED = { for_ms: 15_000, entries_max: 50 };

const tableQuery = {
  ...spanQuery,
  by: z.enum(MARGIN_KEYS).default('plan'),
  sort: z.enum(SORTS).default('margin').describe('The worst margin comes first without it; a minus turns the order round.'),
  search: z.string().max(200).optional().describe('A part of the name or key.'),
};

const config = { access: 'admin' } as const;
const tags = ['Administration'];

/** The margin as a table reads it: a page at a time in any order, with the totals of all rows; and its course over time. */
export function registerMargin(app: App, deps: ConsoleDeps): void {
  registerRows(app, deps);
  registerTrend(app, deps);
}

function registerRows(app: App, deps: ConsoleDeps): void {
  const { clock } = deps;
  const reports = new Remembered<Report>(clock, REMEMBERED);
  app.route({
    method: 'GET',
    url: '/api/admin/reports/margin/rows',
    config,
    schema: {
      tags,
      summary: 'Margin by plan, workspace, pack, model or month, a page at a time, with totals',
      querystring: z.object({ ...tableQuery, format: z.enum(['json', 'csv']).default('json'), ...pageQuery }),
      response: {
        200: {
          description: 'The rows, as wanted by `format`',
          content: {
            'application/json': {
              schema: marginPageSchema,
            },
            'text/csv': { schema: z.string() },
          },
        },
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const span = spanOf(query, clock.now());
      const report = await reports.of(keyOf(query.by, query), () => reportOf(deps, query.by, span));
      const rows = tableOf(report, query.search ?? '', query.sort);
      if (query.format === 'csv') {
        const names = new Map(rows.map(({ line, name }) => [line.key, name]));
        const lines = rows.map(({ line }) => line);
        return sendCsv(
          reply,
          `margin-by-${query.by}`,
          marginCsv(query.by, lines, (key) => names.get(key), report.sources),
        );
      }
      const from = after(rows, cursorOf(query));
      const shown = rows.slice(from, from + (query.limit ?? LIMIT));
      const last = shown.at(-1);
      return reply.send({
        rows: shown.map(({ line, name }) => ({
          ...wireMargin(line, report.sources),
          name: query.by === 'workspace' ? name : null,
          margin_min: report.minimum(line.key),
        })),
        total: rows.length,
        totals: totalsOf(rows.map(({ line }) => line)).map((line) => wireTotal(line)),
        next_cursor: last && from + shown.length < rows.length ? cursorAt(last) : null,
      });
    },
  });
}

function registerTrend(app: App, { clock, pool }: ConsoleDeps): void {
  const trends = new Remembered<readonly MarginLine[]>(clock, REMEMBERED);
  app.route({
    method: 'GET',
    url: '/api/admin/reports/margin/trend',
    config,
    schema: {
      tags,
      summary: 'Revenue, fees, cost and margin of each UTC day or month',
      querystring: z.object({ ...spanQuery, step: z.enum(['day', 'month']).default('day') }),
      response: { 200: z.array(marginStepSchema), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const span = spanOf(query, clock.now());
      const lines = await trends.of(keyOf(query.step, query), () => marginOverTime(pool, span, query.step));
      return reply.send(lines.map((line) => ({ key: line.key, ...wireTotal(line) })));
    },
  });
}

interface Row {
  readonly line: MarginLine;
  readonly name: string;
}

interface Report {
  readonly rows: readonly Row[];
  readonly sources: Awaited<ReturnType<typeof sourcesBy>>;
  readonly minimum: ReturnType<typeof minimumOf>;
}

/** Until now is the same question a second later. */
function keyOf(
  what: string,
  { from, to }: { readonly from?: Temporal.Instant | undefined; readonly to?: Temporal.Instant | undefined },
): string {
  return `${what} ${from?.toString() ?? ''} ${to?.toString() ?? ''}`;
}

async function reportOf(deps: ConsoleDeps, by: MarginBy, span: Span): Promise<Report> {
  const [lines, sources] = await Promise.all([marginBy(deps, by, span), sourcesBy(deps.pool, by, span)]);
  const workspaces = await workspacesIn(deps.pool, by, lines);
  const rows = lines.map((line): Row => ({ line, name: workspaces.get(line.key)?.name ?? line.key }));
  return { rows, sources, minimum: minimumOf(deps.catalog, by, workspaces) };
}

/** The rows that a search finds, in the order that was asked for. */
function tableOf({ rows }: Report, search: string, sort: Sort): readonly Row[] {
  const wanted = search.trim().toLowerCase();
  return rows
    .filter(({ line, name }) => name.toLowerCase().includes(wanted) || line.key === wanted)
    .toSorted((a, b) => order(a, b, sort));
}

/** Currencies do not compare: within an order by amount each stands apart. Equals go by key, so that every page agrees on them. */
function order(a: Row, b: Row, sort: Sort): number {
  const down = sort.startsWith('-') ? -1 : 1;
  return down * compared(a, b, sort.replace('-', '')) || byText(idOf(a), idOf(b));
}

function compared({ line: a, name: a_name }: Row, { line: b, name: b_name }: Row, key: string): number {
  switch (key) {
    case 'name':
      return byText(a_name.toLowerCase(), b_name.toLowerCase());
    case 'ratio':
      return ratioOf(a) - ratioOf(b);
    case 'revenue':
      return byAmount(a.revenue, b.revenue);
    case 'cost':
      return byAmount(a.cost, b.cost);
    default:
      return byAmount(a.margin, b.margin);
  }
}

/** Without revenue there is no ratio: what cost something stands below every other. */
function ratioOf({ margin_ratio }: MarginLine): number {
  return margin_ratio === null ? Number.MIN_SAFE_INTEGER : Number(margin_ratio);
}

function byAmount(a: Money, b: Money): number {
  return a.currency === b.currency ? compare(a, b) : byText(a.currency, b.currency);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const idOf = ({ line }: Row): string => `${line.key} ${line.revenue.currency}`;
const cursorAt = (row: Row): string => Buffer.from(idOf(row)).toString('base64url');

/** Where a page begins: behind the row that the cursor names. @throws RefusalError for a row that is not there any more. */
function after(rows: readonly Row[], cursor: string | null): number {
  if (cursor === null) return 0;
  const id = Buffer.from(cursor, 'base64url').toString();
  const place = rows.findIndex((row) => idOf(row) === id);
  if (place === -1) throw new RefusalError(refuse('invalid_request', 'the cursor is not one that a page of this table gave'));
  return place + 1;
}

/** What the lines of each currency add up to. */
export function totalsOf(lines: readonly MarginLine[]): MarginLine[] {
  const currencies = [...new Set(lines.map(({ revenue }) => revenue.currency))].toSorted();
  return currencies.map((currency) => {
    const own = lines.filter(({ revenue }) => revenue.currency === currency);
    const sum = (of: (line: MarginLine) => Money): Money =>
      money(
        own.reduce((nanos, line) => nanos + of(line).nanos, 0n),
        currency,
      );
    const [revenue, fees, cost, margin] = [
      sum((line) => line.revenue),
      sum((line) => line.fees),
      sum((line) => line.cost),
      sum((line) => line.margin),
    ];
    return { key: '', revenue, fees, cost, margin, margin_ratio: ratioText(margin.nanos, revenue.nanos) };
  });
}

const RATIO_DECIMALS = 1_000_000n;

/** Cut towards −∞ after six decimals, as the ledger cuts it; null without revenue. */
function ratioText(margin: bigint, revenue: bigint): string | null {
  if (revenue <= 0n) return null;
  const scaled = margin * RATIO_DECIMALS;
  const cut = scaled >= 0n ? scaled / revenue : -((-scaled + revenue - 1n) / revenue);
  const digits = (cut < 0n ? -cut : cut).toString().padStart(7, '0');
  return `${cut < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

export function wireTotal({ revenue, fees, cost, margin, margin_ratio }: MarginLine) {
  return { revenue: toWire(revenue), fees: toWire(fees), cost: toWire(cost), margin: toWire(margin), margin_ratio };
}
