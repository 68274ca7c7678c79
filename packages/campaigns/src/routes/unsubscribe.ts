import { type Pool, transaction } from '@purser/database';
import { type App, escaped, sendPage } from '@purser/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';
import { suppress } from '../suppress.ts';
import { isGenuine, recipientOfToken } from '../unsubscribe-token.ts';

const params = z.object({ token: z.string().max(200) });
const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data'];
const config = { access: 'public' } as const;

interface Recipient {
  readonly workspace_id: string;
  readonly email: string;
  readonly link_key: Buffer;
}

/** Opening the link changes nothing, since scanners open links before people do; its button, and a mailbox's own (RFC 8058), post. */
export function registerUnsubscribe(app: App, deps: CampaignsDeps): void {
  void app.register((pages: App, _options: object, done: () => void) => {
    // What a mailbox posts says nothing beyond the address it is posted to.
    pages.removeContentTypeParser(FORMS);
    pages.addContentTypeParser(FORMS, { parseAs: 'buffer' }, (_request, _body, parsed) => parsed(null, undefined));
    registerPage(pages, deps);
    registerButton(pages, deps);
    done();
  });
}

function registerPage(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/u/:token',
    config,
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const recipient = await recipientOf(pool, request.params.token);
      if (recipient === undefined) return sendUnknown(reply);
      const body = `<p>${escaped(recipient.email)} will get no more of these e-mails.</p>
<form method="post"><button type="submit">Unsubscribe</button></form>`;
      return sendPage(reply, 200, { title: 'Unsubscribe', body });
    },
  });
}

function registerButton(app: App, { pool, clock }: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/u/:token',
    config,
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const recipient = await recipientOf(pool, request.params.token);
      if (recipient === undefined) return sendUnknown(reply);
      await transaction(pool, (connection) =>
        suppress(connection, recipient.workspace_id, [recipient.email], 'unsubscribed', clock.now()),
      );
      return sendPage(reply, 200, {
        title: 'Unsubscribed',
        body: `<p>${escaped(recipient.email)} gets no more of these e-mails.</p>`,
      });
    },
  });
}

async function recipientOf(pool: Pool, token: string): Promise<Recipient | undefined> {
  const id = recipientOfToken(token);
  if (id === undefined) return undefined;
  const { rows } = await pool.query<Recipient>(
    `select r.workspace_id, r.email, c.link_key from campaigns.recipient r join campaigns.campaign c using (campaign_id) where r.recipient_id = $1`,
    [id],
  );
  const [found] = rows;
  return found !== undefined && isGenuine(token, found.link_key) ? found : undefined;
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  return sendPage(reply, 404, {
    title: 'This link does not work',
    body: '<p>It is not whole, or the campaign it belongs to is gone. Answer the e-mail to be taken off the list.</p>',
  });
}
