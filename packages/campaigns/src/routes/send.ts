import { uuidSchema } from '@purser/api';
import { isRefusal, type Refusal, refuse } from '@purser/core';
import { type App, callerOf, createOnce, problems, sendRefusal, workspaceOf } from '@purser/http';
import type { Enqueued } from '@purser/jobs';
import { z } from 'zod';

import { beginCampaign } from '../begin-campaign.ts';
import type { Message } from '../campaign.ts';
import { carrierOf } from '../carrier-of.ts';
import type { CampaignsDeps } from '../deps.ts';
import { refusedFrom } from '../domains/refused-from.ts';
import { senderSchema } from '../sender.ts';
import { textOfHtml } from '../text-of-html.ts';

const RECIPIENTS_MAX = 10_000;
const MESSAGE_BYTES_MAX = 90_000;
const FIELDS_MAX = 50;
const VALUE_CHARS_MAX = 2_000;
const INVALID_SHOWN_MAX = 20;

const value = z.union([z.string().max(VALUE_CHARS_MAX), z.number(), z.boolean(), z.null()]);
const recipientSchema = z.strictObject({
  email: z.string().min(1).max(1_000),
  data: z
    .record(z.string().regex(/^[A-Za-z][\w.-]{0,63}$/u), value)
    .refine((data) => Object.keys(data).length <= FIELDS_MAX, `want ${FIELDS_MAX} fields at most`)
    .optional()
    .describe('What `{{name}}` in subject, html and text becomes for this recipient. In html it is text, whatever it holds.'),
});

const sendBody = z
  .strictObject({
    subject: z.string().min(1).max(900),
    html: z.string().min(1).optional(),
    text: z.string().min(1).optional().describe('Made of `html` where it is missing.'),
    from: senderSchema
      .optional()
      .describe(
        'The sender of this installation, with any name, or an address of a verified sender domain; missing: the former.',
      ),
    recipients: z.array(recipientSchema).min(1).max(RECIPIENTS_MAX),
    overflow: z
      .enum(['refuse', 'next_day'])
      .default('refuse')
      .describe('What becomes of recipients that the quota of the day has no place for.'),
  })
  .refine(({ html, text }) => html !== undefined || text !== undefined, 'want html, text or both');

const count = z.int().nonnegative();
const sendSchema = z.object({
  job_id: uuidSchema.describe('Followed at `/api/jobs/:id`.'),
  campaign_id: uuidSchema,
  accepted: count.describe('To be sent now.'),
  refused: count.describe('No address, suppressed, or beyond what may be sent.'),
  deferred: count.describe('To be sent on a later day.'),
  suppressed: count.describe('Of `refused`: those who have unsubscribed, bounced or complained.'),
  duplicates: count.describe('Named more than once; written to once, and counted once.'),
  invalid: z.array(z.object({ index: count, email: z.string() })).describe('The first that are no e-mail address.'),
  local: z
    .boolean()
    .describe('True: nothing leaves this installation; messages lie in its own mailbox, `GET /api/campaigns/mailbox`.'),
});

export function registerSend(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/campaigns/send',
    config: { access: 'workspace', feature: 'campaigns' },
    bodyLimit: deps.bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Campaigns'],
      summary: 'Sends a message to its recipients, each with its own data',
      body: sendBody,
      response: { 202: sendSchema, ...problems(400, 401, 402, 403, 422, 429, 501, 503) },
    },
    handler: async (request, reply) => {
      const caller = { ...callerOf(request), workspace: workspaceOf(request) };
      const carrier = carrierOf(deps, caller.workspace);
      if (isRefusal(carrier)) return sendRefusal(request, reply, carrier);
      const { local } = carrier;
      const counted = await deps.gate.act(caller, undefined);
      if (isRefusal(counted)) return sendRefusal(request, reply, counted);
      const message = messageOf(request.body);
      if (isRefusal(message)) return sendRefusal(request, reply, message);
      const foreign = await refusedFrom(deps, caller.workspace.id, { from: request.body.from, local });
      if (foreign !== undefined) return sendRefusal(request, reply, foreign);
      const { recipients, overflow } = request.body;
      let job: Enqueued | undefined;
      const answered = await createOnce(
        deps,
        request,
        reply,
        async (connection) => {
          const begun = await beginCampaign(deps, connection, caller, { message, recipients, overflow });
          if (isRefusal(begun)) return begun;
          job = begun.job;
          const { campaign_id, accepted, refused, deferred, suppressed, sorted } = begun;
          const invalid = sorted.invalid
            .slice(0, INVALID_SHOWN_MAX)
            .map(({ index, email }) => ({ index, email: email.slice(0, 254) }));
          const { duplicates } = sorted;
          return { job_id: job.id, campaign_id, accepted, refused, deferred, suppressed, duplicates, invalid, local };
        },
        202,
      );
      if (job !== undefined) await deps.jobs.announce([job]);
      return answered;
    },
  });
}

function messageOf({ subject, html, text, from }: z.infer<typeof sendBody>): Message | Refusal {
  const given = tooLarge(html, text);
  if (given !== undefined) return given;
  const plain_text = text ?? textOfHtml(html ?? '');
  const large = tooLarge(html, plain_text);
  if (large !== undefined) return large;
  return { subject, html: html ?? null, plain_text: plain_text === '' ? subject : plain_text, sender: from ?? null };
}

/** Looked at before anything is read out of them, too. */
function tooLarge(html = '', text = ''): Refusal | undefined {
  const bytes = Buffer.byteLength(html) + Buffer.byteLength(text);
  if (bytes <= MESSAGE_BYTES_MAX) return undefined;
  return refuse('request_too_large', `html and text together: got ${bytes} bytes, want ${MESSAGE_BYTES_MAX} at most`);
}
