import { unreachable } from '@purser/core';
import type { Pool } from '@purser/database';
import { type Catalog, findPack, findPlan, type Pack, type Plan } from '@purser/catalog';
import { type NameAndPlan, namesAndPlans } from '@purser/identity';
import {
  type CreditSpender,
  dailyUsage,
  marginByModel,
  type MarginLine,
  marginOverTime,
  marginReport,
  type UsageDay,
  usersAbove,
} from '@purser/ledger';
import { formatAmount, formatRatio, type Money, toWire } from '@purser/money';
import { type FraudFlag, type FraudWeek, weeklyFraud } from '@purser/notify';
import { z } from 'zod';
import { amountSchema, counterSchema, fraudWeekSchema, marginRowSchema } from '@purser/api';
import { type CsvCell, sendCsv, toCsv, problems, type Span, spanOf, spanQuery, type App, counter } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { sourcesBy, wireMargin } from './books.ts';
import { wireSpender } from './fraud.ts';

const formatQuery = { format: z.enum(['json', 'csv']).default('json') };

/** The same report as JSON or as a CSV file. */
function either<Schema extends z.ZodType>(schema: Schema) {
  return {
    description: 'The report, as wanted by `format`',
    content: { 'application/json': { schema }, 'text/csv': { schema: z.string() } },
  };
}

export const MARGIN_KEYS = ['plan', 'workspace', 'pack', 'model', 'month'] as const;
export type MarginBy = (typeof MARGIN_KEYS)[number];

const usageSchema = z.object({
  day: z.iso.date(),
  calls: counterSchema.describe('Provider calls that served.'),
  calls_failed: counterSchema,
  credits_spent: counterSchema,
  workspaces: counterSchema.describe('That spent or cost anything.'),
  cost: z.array(amountSchema).describe('In each currency that is reported.'),
});

const config = { access: 'admin' } as const;
const tags = ['Administration'];

/** What an operator reads every day, every week and every month. */
export function registerReports(app: App, deps: ConsoleDeps): void {
  registerMarginReport(app, deps);
  registerUsageReport(app, deps);
  registerFraudReport(app, deps);
}

function registerMarginReport(app: App, deps: ConsoleDeps): void {
  const { clock, pool } = deps;
  app.route({
    method: 'GET',
    url: '/api/admin/reports/margin',
    config,
    schema: {
      tags,
      summary: 'Margin by plan, workspace, pack, model or month, from the ledger',
      description:
        'By model, whole UTC days: a model earns a part of each plan’s revenue, in proportion to the credits charged for it under that plan.',
      querystring: z.object({ ...spanQuery, ...formatQuery, by: z.enum(MARGIN_KEYS).default('plan') }),
      response: { 200: either(z.array(marginRowSchema)), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { by, format } = request.query;
      const span = spanOf(request.query, clock.now());
      const [lines, sources] = await Promise.all([marginBy(deps, by, span), sourcesBy(pool, by, span)]);
      const workspaces = await workspacesIn(pool, by, lines);
      const nameOf = (key: string): string | undefined => workspaces.get(key)?.name;
      const minimum = minimumOf(deps.catalog, by, workspaces);
      if (format === 'csv') return sendCsv(reply, `margin-by-${by}`, marginCsv(by, lines, nameOf, sources));
      return reply.send(
        lines.map((line) => ({
          ...wireMargin(line, sources),
          name: nameOf(line.key) ?? null,
          margin_min: minimum(line.key),
        })),
      );
    },
  });
}

function registerUsageReport(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/reports/usage',
    config,
    schema: {
      tags,
      summary: 'Calls, credits, cost and active workspaces of each UTC day',
      querystring: z.object({ ...spanQuery, ...formatQuery }),
      response: { 200: either(z.array(usageSchema)), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const days = await dailyUsage(pool, spanOf(request.query, clock.now()));
      if (request.query.format === 'csv') return sendCsv(reply, 'usage-by-day', usageCsv(days));
      return reply.send(
        days.map((day) => ({
          day: day.day,
          calls: counter(day.calls),
          calls_failed: counter(day.calls_failed),
          credits_spent: counter(day.credits_spent),
          workspaces: counter(day.workspaces),
          cost: day.cost.map(toWire),
        })),
      );
    },
  });
}

function registerFraudReport(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/reports/fraud',
    config,
    schema: {
      tags,
      summary: 'Fraud flags of each week, newest first',
      querystring: z.object({ ...spanQuery, ...formatQuery }),
      response: { 200: either(z.array(fraudWeekSchema)), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const weeks = await namedWeeks(pool, await weeklyFraud(pool, spanOf(request.query, clock.now())));
      const found = await namesAndPlans(
        pool,
        weeks.flatMap(({ flags }) => flags.map(({ workspace }) => workspace)),
      );
      if (request.query.format === 'csv') {
        const rows = weeks.flatMap(({ week, flags }) =>
          flags.map(({ workspace, at, text, users }) => [
            week,
            workspace,
            found.get(workspace)?.name ?? '',
            at.toString(),
            (users ?? []).map(({ actor, end_user }) => (end_user === null ? actor : `${actor} user:${end_user}`)).join(', '),
            text,
          ]),
        );
        return sendCsv(reply, 'fraud-by-week', toCsv(['week', 'workspace_id', 'name', 'at', 'users', 'text'], rows));
      }
      return reply.send(
        weeks.map(({ week, workspaces, users, flags }) => ({
          week,
          workspaces,
          users,
          flags: flags.map((flag) => ({
            id: flag.id,
            workspace_id: flag.workspace,
            name: found.get(flag.workspace)?.name ?? null,
            at: flag.at.toString(),
            text: flag.text,
            users: flag.users?.map(wireSpender) ?? null,
          })),
        })),
      );
    },
  });
}

export function marginBy({ pool }: ConsoleDeps, by: MarginBy, span: Span): Promise<MarginLine[]> {
  switch (by) {
    case 'plan':
    case 'workspace':
    case 'pack':
      return marginReport(pool, { ...span, by });
    case 'model':
      return marginByModel(pool, span);
    case 'month':
      return marginOverTime(pool, span, 'month');
    default:
      return unreachable(by);
  }
}

/** The workspaces that a report by workspace is about; none of any other. */
export async function workspacesIn(
  pool: Pool,
  by: MarginBy,
  lines: readonly MarginLine[],
): Promise<ReadonlyMap<string, NameAndPlan>> {
  return await namesAndPlans(pool, by === 'workspace' ? lines.map(({ key }) => key) : []);
}

/** The margin that is promised of what a line is about. */
export function minimumOf(
  catalog: Catalog,
  by: MarginBy,
  workspaces: ReadonlyMap<string, NameAndPlan>,
): (key: string) => string | null {
  const promised = (key: string): Plan | Pack | undefined => {
    if (by === 'pack') return findPack(catalog, key);
    if (by === 'plan') return findPlan(catalog, key);
    const plan = workspaces.get(key)?.plan;
    return plan === undefined ? undefined : findPlan(catalog, plan);
  };
  return (key) => {
    const margin = promised(key)?.margin;
    return margin === undefined ? null : formatRatio(margin);
  };
}

export function marginCsv(
  by: MarginBy,
  lines: readonly MarginLine[],
  nameOf: (key: string) => string | undefined,
  sources: Awaited<ReturnType<typeof sourcesBy>>,
): string {
  const named = by === 'workspace';
  const amountOf = (amount: Money | undefined): string => (amount === undefined ? '' : formatAmount(amount));
  return toCsv(
    [by, ...(named ? ['name'] : []), 'currency', 'revenue', 'fees', 'cost', 'margin', 'margin_ratio', 'collected', 'agreed'],
    lines.map((line): CsvCell[] => [
      line.key,
      ...(named ? [nameOf(line.key) ?? ''] : []),
      line.revenue.currency,
      ...[line.revenue, line.fees, line.cost, line.margin].map(formatAmount),
      line.margin_ratio,
      amountOf(sources(line)?.collected),
      amountOf(sources(line)?.agreed),
    ]),
  );
}

/** A line a day and currency; a day without cost has one line, without either. */
function usageCsv(days: readonly UsageDay[]): string {
  return toCsv(
    ['day', 'calls', 'calls_failed', 'credits_spent', 'workspaces', 'cost', 'currency'],
    days.flatMap(({ day, calls, calls_failed, credits_spent, workspaces, cost }) => {
      const counts = [day, ...[calls, calls_failed, credits_spent, workspaces].map(String)];
      return cost.length === 0 ? [[...counts, '', '']] : cost.map((one) => [...counts, formatAmount(one), one.currency]);
    }),
  );
}

interface NamedWeek extends Omit<FraudWeek, 'flags'> {
  readonly users: number;
  readonly flags: readonly (FraudFlag & { readonly users: readonly CreditSpender[] | undefined })[];
}

/** The weeks with the users who by themselves were above what their plan takes for honest. */
async function namedWeeks(pool: Pool, weeks: readonly FraudWeek[]): Promise<NamedWeek[]> {
  const all = weeks.flatMap(({ flags }) => flags);
  const users = await usersAbove(
    pool,
    all.map(({ workspace, at, credits_max }) => ({
      workspace,
      from: at.subtract({ hours: 1 }),
      to: at,
      credits_max: credits_max ?? 0n,
    })),
  );
  const of = new Map(all.map(({ id }, index) => [id, users[index]]));
  return weeks.map(({ week, workspaces, flags }) => {
    const named = flags.map((flag) => ({ ...flag, users: of.get(flag.id) }));
    const each = named.flatMap((flag) =>
      (flag.users ?? []).map(({ actor, end_user }) => `${flag.workspace} ${actor} ${end_user ?? ''}`),
    );
    return { week, workspaces, users: new Set(each).size, flags: named };
  });
}
