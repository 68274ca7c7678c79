import { toWire } from '@purser/money';
import { z } from 'zod';
import { amountSchema, counterSchema, instantSchema } from '@purser/api';
import { problems, spanOf, spanQuery, type App, counter } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

const salesSchema = z.object({
  pack: z.string(),
  purchases: z.int(),
  buyers: z.int(),
  came_back: z.int().describe('Workspaces that had bought before.'),
  credits: counterSchema,
  net: amountSchema.describe('Payments, without tax.'),
  tax: amountSchema,
  fees: amountSchema,
  reversed: amountSchema.describe('Refunded or disputed, tax included.'),
  checkouts: z.int().describe('Payment pages opened in the span.'),
  checkouts_paid: z.int().describe('How many of those were paid, at any time.'),
});

/** How packs sell. What they earned is in the books: `GET /api/admin/margin?by=pack`. */
export function registerPurchases(app: App, { marketplace, clock }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/purchases',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Sales by pack',
      querystring: z.object(spanQuery),
      response: {
        200: z.object({ from: instantSchema, to: instantSchema, packs: z.array(salesSchema) }),
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const { from, to } = spanOf(request.query, clock.now());
      const packs = await marketplace.sales({ from, to });
      return reply.send({
        from: from.toString(),
        to: to.toString(),
        packs: packs.map(({ code, credits, net, tax, fees, reversed, ...counts }) => ({
          pack: code,
          purchases: counts.purchases,
          buyers: counts.buyers,
          came_back: counts.came_back,
          checkouts: counts.checkouts,
          checkouts_paid: counts.checkouts_paid,
          credits: counter(credits),
          net: toWire(net),
          tax: toWire(tax),
          fees: toWire(fees),
          reversed: toWire(reversed),
        })),
      });
    },
  });
}
