import { type Evidence, findTransaction } from '@purser/audit';
import { type HoldId, isUuid, RefusalError, refuse } from '@purser/core';
import { z } from 'zod';
import { transactionSchema } from '@purser/api';
import { problems, type App, counter } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wireEntry } from './audit.ts';
import { wirePosting } from './books.ts';
import { wireCall } from '@purser/account';

/** What is known about one charge, for whoever has to answer a dispute. */
export function registerTransactions(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/transactions/:id',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Everything about one transaction: ledger entries, provider calls and audit events',
      params: z.object({ id: z.string().max(100) }),
      response: {
        200: transactionSchema,
        ...problems(400, 401, 403, 404),
      },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      if (!isUuid(id)) {
        throw new RefusalError(refuse('invalid_request', `"id": want a transaction id, a UUID, got ${JSON.stringify(id)}`));
      }
      const found = await findTransaction(pool, id as HoldId);
      if (!found) throw new RefusalError(refuse('not_found', `there is no transaction ${id}`));
      return reply.send({
        transaction_id: found.transaction_id,
        postings: found.postings.map((evidence) => ({ ...wirePosting(evidence.row), ...seal(evidence) })),
        calls: found.attempts.map((evidence) => ({
          ...wireCall(evidence.row),
          actor: evidence.row.actor,
          user: evidence.row.end_user,
          request_id: evidence.row.request_id,
          ...seal(evidence),
        })),
        entries: found.entries.map((evidence) => ({ ...wireEntry(evidence.row), ...seal(evidence) })),
      });
    },
  });
}

function seal({ sealed_in }: Evidence<unknown>): { sealed_in: number | string | null } {
  return { sealed_in: sealed_in === null ? null : counter(sealed_in) };
}
