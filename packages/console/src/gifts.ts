import { isRefusal } from '@purser/core';
import { type Gift, listGifts } from '@purser/meters';
import { z } from 'zod';
import { counterSchema, instantSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, namedWorkspace, problems, type App, counter } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { takeBackGift } from './take-back-gift.ts';

const giftSchema = z.object({
  id: uuidSchema,
  given_at: instantSchema,
  expires_at: instantSchema.nullable(),
  reason: z.string().nullable(),
  credits: counterSchema,
  used: counterSchema,
  held: counterSchema.describe('By running calls.'),
  gone: counterSchema.describe('Expired, or taken back.'),
  left: counterSchema.describe('Credits that taking it back would remove now.'),
});

/** What was given away, and taking it back. */
export function registerGifts(app: App, deps: ConsoleDeps): void {
  const { pool, clock } = deps;
  const tags = ['Administration'];
  app.route({
    method: 'GET',
    url: '/api/admin/credits/gifts',
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'The newest 100 gifts of a workspace, and what remains of each',
      querystring: z.object({ workspace_id: z.string().min(1).max(200).describe('Its id, or your external_id.') }),
      response: { 200: z.object({ gifts: z.array(giftSchema) }), ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = await namedWorkspace(deps, request.query.workspace_id);
      return reply.send({ gifts: (await listGifts(pool, id)).map((gift) => wireGift(gift, clock.now())) });
    },
  });
  app.route({
    method: 'POST',
    url: '/api/admin/credits/gifts/:id/take-back',
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'Takes back the unspent part of a gift',
      description:
        'What is spent stays spent. What running calls hold stays until they end and can be taken back then: send the request again.',
      params: z.object({ id: z.string().max(100) }),
      body: z.strictObject({ reason: z.string().min(1).max(500) }),
      response: {
        200: z.object({ gift_id: uuidSchema, workspace_id: uuidSchema, taken: counterSchema, held: counterSchema }),
        ...problems(400, 401, 403, 404, 503),
      },
    },
    handler: async (request, reply) => {
      const { actor } = callerOf(request);
      const { reason } = request.body;
      const taken = await takeBackGift(pool, { gift: request.params.id, reason, actor, now: clock.now() });
      if (isRefusal(taken)) return sendRefusal(request, reply, taken);
      return reply.send({
        gift_id: taken.gift,
        workspace_id: taken.workspace,
        taken: counter(taken.taken),
        held: counter(taken.held),
      });
    },
  });
}

function wireGift(gift: Gift, now: Temporal.Instant): z.infer<typeof giftSchema> {
  const { id, granted_at, expires_at, reason, credits, used, held, gone } = gift;
  const over = expires_at !== null && Temporal.Instant.compare(expires_at, now) <= 0;
  return {
    id,
    given_at: granted_at.toString(),
    expires_at: expires_at?.toString() ?? null,
    reason,
    credits: counter(credits),
    used: counter(used),
    held: counter(held),
    gone: counter(gone),
    left: counter(over ? 0n : credits - used - held - gone),
  };
}
