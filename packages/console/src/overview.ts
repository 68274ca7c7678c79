import { dailyUsage, type MarginLine, marginOverTime, type UsageDay } from '@purser/ledger';
import { countUnseen } from '@purser/notify';
import { z } from 'zod';
import { overviewSchema, type usageSumsSchema } from '@purser/api';
import { type App, counter, problems } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { totalsOf, wireTotal } from './margin.ts';
import { Remembered } from './remembered.ts';

const DAYS_DEFAULT = 30;
const DAYS_MAX = 92;
/** Sums over all the books may be so old; what waits is always of now. */
const REMEMBERED = { for_ms: 15_000, entries_max: 8 };

/** What an operator wants to know first: how the last days went, against the days before them, and what waits. */
export function registerOverview(app: App, { pool, clock, identity }: ConsoleDeps): void {
  const books = new Remembered<readonly [readonly MarginLine[], readonly UsageDay[]]>(clock, REMEMBERED);
  app.route({
    method: 'GET',
    url: '/api/admin/overview',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'The last 30 days in figures',
      description: 'Whole UTC days, today included; `before` is as many days just before them.',
      querystring: z.object({ days: z.coerce.number().int().min(1).max(DAYS_MAX).default(DAYS_DEFAULT) }),
      response: {
        200: overviewSchema,
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const now = clock.now();
      const today = now.toZonedDateTimeISO('UTC').startOfDay();
      const from = today.subtract({ days: request.query.days - 1 });
      const start = from.subtract({ days: request.query.days });
      const span = { from: start.toInstant(), to: now };
      const [[lines, usage], workspaces, alerts] = await Promise.all([
        books.of(span.from.toString(), () => Promise.all([marginOverTime(pool, span, 'day'), dailyUsage(pool, span)])),
        identity.countWorkspaces(from.toInstant()),
        countUnseen(pool, { operator: true, workspace: null }),
      ]);
      const first = from.toPlainDate().toString();
      const days = [...new Set([...lines.map(({ key }) => key), ...usage.map(({ day }) => day)])]
        .filter((day) => day >= first)
        .toSorted();
      return reply.header('cache-control', 'no-store').send({
        from: first,
        to: today.toPlainDate().toString(),
        days: days.map((day) => {
          const used = usage.filter((one) => one.day === day);
          return {
            day,
            ...sumOf(used),
            workspaces: counter(used[0]?.workspaces ?? 0n),
            money: lines.filter(({ key }) => key === day).map(wireTotal),
          };
        }),
        totals: totalsOf(lines.filter(({ key }) => key >= first)).map(wireTotal),
        usage: sumOf(usage.filter(({ day }) => day >= first)),
        before: {
          totals: totalsOf(lines.filter(({ key }) => key < first)).map(wireTotal),
          usage: sumOf(usage.filter(({ day }) => day < first)),
        },
        workspaces,
        alerts,
      });
    },
  });
}

function sumOf(days: readonly UsageDay[]): z.infer<typeof usageSumsSchema> {
  const sum = (of: (day: UsageDay) => bigint): number | string => counter(days.reduce((total, day) => total + of(day), 0n));
  return {
    calls: sum((day) => day.calls),
    calls_failed: sum((day) => day.calls_failed),
    credits_spent: sum((day) => day.credits_spent),
  };
}
