import { instantSchema, pageQuery, uuidSchema } from '@purser/api';
import { workspaceTransaction } from '@purser/database';
import { type App, problems, workspaceOf } from '@purser/http';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';

const PAGE = 20;

const messageSchema = z.object({
  id: uuidSchema,
  from: z.string(),
  to: z.string(),
  subject: z.string(),
  html: z.string().nullable(),
  text: z.string(),
  unsubscribe_url: z.string().nullable(),
  created_at: instantSchema,
});

interface Row {
  readonly message_id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
  readonly html: string | null;
  readonly plain_text: string;
  readonly unsubscribe_url: string | null;
  readonly created_at: Temporal.Instant;
}

/** What an installation without a carrier has sent: to nobody but this mailbox. */
export function registerMailbox(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/campaigns/mailbox',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'The local mailbox: messages that left nowhere, because no carrier is set up here; newest first',
      querystring: z.object({ ...pageQuery, cursor: uuidSchema.optional() }),
      response: {
        200: z.object({
          local: z.literal(true).describe('Nothing in it has left this installation.'),
          messages: z.array(messageSchema),
          next_cursor: z.string().nullable(),
        }),
        ...problems(400, 401, 503),
      },
    },
    handler: async (request, reply) => {
      const { cursor, limit = PAGE } = request.query;
      const { rows } = await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
        connection.query<Row>(
          `select message_id, sender, recipient, subject, html, plain_text, unsubscribe_url, created_at from campaigns.local_message
           where $1::uuid is null or message_id < $1 order by message_id desc limit $2`,
          [cursor ?? null, limit],
        ),
      );
      const messages = rows.map((row) => ({
        id: row.message_id,
        from: row.sender,
        to: row.recipient,
        subject: row.subject,
        html: row.html,
        text: row.plain_text,
        unsubscribe_url: row.unsubscribe_url,
        created_at: row.created_at.toString(),
      }));
      return reply.send({
        local: true as const,
        messages,
        next_cursor: rows.length < limit ? null : (messages.at(-1)?.id ?? null),
      });
    },
  });
}
