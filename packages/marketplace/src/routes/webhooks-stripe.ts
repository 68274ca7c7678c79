import { isRefusal } from '@purser/core';
import { z } from 'zod';
import { type App, bytesOf, problems, refuseMessage, registerSignedMessages } from '@purser/http';

import type { MarketplaceRoutesDeps } from './deps.ts';

/** The largest events carry an invoice with all of its lines. */
const EVENT_BYTES_MAX = 1024 * 1024;

/** Where Stripe tells what was paid. */
export async function registerStripeWebhooks(app: App, { marketplace, licenses, log }: MarketplaceRoutesDeps): Promise<void> {
  await registerSignedMessages(app, ['application/json'], (scope) => {
    scope.route({
      method: 'POST',
      url: '/api/webhooks/stripe',
      bodyLimit: EVENT_BYTES_MAX,
      config: { access: 'public' },
      schema: {
        tags: ['Marketplace'],
        summary: 'Receives an event signed by Stripe; each is applied once, for ever',
        response: {
          200: z.object({
            received: z.literal(true),
            outcome: z
              .enum(['applied', 'ignored', 'refused', 'duplicate'])
              .describe(
                '`ignored`: recorded, without an effect; `refused`: it contradicts what is recorded; `duplicate`: it came before.',
              ),
          }),
          ...problems(400, 422, 429, 501, 503),
        },
      },
      handler: async (request, reply) => {
        const signature = request.headers['stripe-signature'];
        const received = await marketplace.receive(bytesOf(request), typeof signature === 'string' ? signature : undefined);
        if (isRefusal(received)) return refuseMessage(app, request, reply, received);
        const { workspace } = received;
        if (workspace !== undefined) {
          // Committed, whatever becomes of this: what it switched on or off holds here by the time Stripe is answered.
          await licenses
            .release(workspace)
            .catch((err: unknown) => log.error({ err }, 'a changed license will be applied later'));
        }
        return reply.send({ received: true, outcome: received.outcome });
      },
    });
  });
}
