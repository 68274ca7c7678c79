import { isRefusal } from '@purser/core';
import { type CreditSpender, creditSpenders } from '@purser/ledger';
import { listFraud, type RaisedFraud } from '@purser/notify';
import { z } from 'zod';
import { type fraudFlagSchema, fraudPageSchema, pageQuery } from '@purser/api';
import { sendRefusal, problems, type App, counter, cursorOf } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wantedWorkspace } from './books.ts';

const PAGE_MAX = 20;

/** The fraud queue: users that spent more credits in an hour than the plan of their workspace takes for honest (C4). */
export function registerFraud(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/fraud',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Fraud flags of users, newest first, with all who spent credits of that workspace in the hour',
      querystring: z.object({
        cursor: pageQuery.cursor,
        workspace_id: z.string().max(100).optional(),
        unseen: z.enum(['0', '1']).optional().describe('`1`: only those that no operator has acknowledged.'),
      }),
      response: {
        200: fraudPageSchema,
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const search = { cursor: cursorOf(query), unseen: query.unseen === '1', limit: PAGE_MAX };
      const page = await listFraud(pool, wantedWorkspace(query.workspace_id), search);
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      const flags = await Promise.all(page.flags.map(async (flag) => wireFlag(flag, await creditSpenders(pool, hourOf(flag)))));
      return reply.send({ flags, next_cursor: page.next_cursor });
    },
  });
}

function hourOf({ workspace, raised_at }: RaisedFraud) {
  return { workspace, from: raised_at.subtract({ hours: 1 }), to: raised_at };
}

function wireFlag(flag: RaisedFraud, spenders: Awaited<ReturnType<typeof creditSpenders>>): z.infer<typeof fraudFlagSchema> {
  const { from, to } = hourOf(flag);
  return {
    id: flag.id,
    workspace_id: flag.workspace,
    user: flag.user,
    credits: counter(flag.credits),
    credits_max: counter(flag.credits_max),
    from: from.toString(),
    to: to.toString(),
    seen_at: flag.seen_at?.toString() ?? null,
    seen_by: flag.seen_by,
    spenders: spenders.map(wireSpender),
  };
}

export function wireSpender({ actor, end_user, credits }: CreditSpender): {
  actor: string;
  user: string | null;
  credits: number | string;
} {
  return { actor, user: end_user, credits: counter(credits) };
}
