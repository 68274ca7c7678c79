import { createHash } from 'node:crypto';

import { amountSchema, asCost, uuidSchema } from '@purser/api';
import { isRefusal } from '@purser/core';
import { type App, callerOf, callerSignal, idempotencyOf, problems, sendRefusal, workspaceOf } from '@purser/http';
import { toWire } from '@purser/money';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { carrierOf } from '../carrier-of.ts';
import type { CampaignsDeps } from '../deps.ts';
import { textsOf } from '../recipients.ts';
import { sendTest } from '../send-test.ts';
import { recipientSchema } from './send.ts';

const TO_MAX = 5;

const count = z.int().nonnegative();
const testBody = z.strictObject({
  to: z.array(z.email().max(254)).min(1).max(TO_MAX),
  data: recipientSchema.shape.data.describe('What its fields become. Absent: the data of the first recipient.'),
});

const testedSchema = z.object({
  transaction_id: uuidSchema,
  sent: count,
  refused: count.describe('Not taken by the carrier, or beyond what quotas leave.'),
  unconfirmed: count.describe('Nobody knows whether they were taken.'),
  local: z.boolean().describe('True: they lie in the local mailbox, `GET /api/campaigns/mailbox`.'),
  cost: asCost(amountSchema),
});

export function registerTest(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/campaigns/:id/test',
    config: { access: 'workspace', feature: 'campaigns' },
    schema: {
      tags: ['Campaigns'],
      summary: `Sends the message to ${TO_MAX} addresses at most, at once; it counts as other messages do`,
      params: z.object({ id: z.string().max(100) }),
      body: testBody,
      response: { 200: testedSchema, ...problems(400, 401, 402, 403, 404, 409, 422, 429, 501, 502, 503, 504) },
    },
    handler: async (request, reply) => {
      const caller = { ...callerOf(request), workspace: workspaceOf(request) };
      const carrier = carrierOf(deps, deps.policyOf(caller.workspace, deps.clock.now()));
      if (isRefusal(carrier)) return sendRefusal(request, reply, carrier);
      const counted = await deps.gate.act(caller, undefined);
      if (isRefusal(counted)) return sendRefusal(request, reply, counted);
      const { to, data } = request.body;
      const addresses = [...new Set(to.map((email) => email.toLowerCase()))];
      const order = {
        id: request.params.id,
        to: addresses,
        data: data === undefined ? undefined : textsOf(data),
        idempotency: idempotencyFor(request, request.params.id),
      };
      const spent = await sendTest(deps, caller, order, callerSignal(reply));
      if (isRefusal(spent)) return sendRefusal(request, reply, spent);
      if (spent.replayed) reply.header('idempotency-replayed', 'true');
      const { accepted, unconfirmed } = spent.result;
      return reply.send({
        transaction_id: spent.transaction_id,
        sent: accepted,
        refused: addresses.length - accepted - unconfirmed,
        unconfirmed,
        local: carrier.local,
        cost: toWire(spent.cost),
      });
    },
  });
}

/** The body does not name its campaign. */
function idempotencyFor(request: FastifyRequest, id: string): ReturnType<typeof idempotencyOf> {
  const given = idempotencyOf(request);
  if (given === undefined) return undefined;
  return { key: given.key, request_hash: createHash('sha256').update(`campaign test ${id} ${given.request_hash}`).digest('hex') };
}
