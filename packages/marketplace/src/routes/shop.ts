import { isRefusal } from '@purser/core';
import type { Catalog } from '@purser/catalog';
import { formatMoney, toWire } from '@purser/money';
import { z } from 'zod';
import { packSchema, pageQuery, planSchema, receiptPageSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, workspaceOf, idempotencyOf, problems, siteFor, type App, counter } from '@purser/http';

import type { MarketplaceRoutesDeps } from './deps.ts';

const tags = ['Marketplace'];

/** What is for sale, the way to pay for it, and what was paid. */
export function registerShop(app: App, deps: MarketplaceRoutesDeps): void {
  registerPacks(app, deps);
  registerPlans(app, deps);
  registerCheckout(app, deps);
  registerPortal(app, deps);
  registerReceipts(app, deps);
}

function registerPacks(app: App, { catalog }: MarketplaceRoutesDeps): void {
  const packs = wirePacks(catalog);
  app.route({
    method: 'GET',
    url: '/api/packs',
    config: { access: 'public' },
    schema: { tags, summary: 'Credits for sale', response: { 200: z.array(packSchema), ...problems(503) } },
    handler: async (_request, reply) => reply.send(packs),
  });
}

function registerPlans(app: App, { catalog }: MarketplaceRoutesDeps): void {
  const plans = wirePlans(catalog);
  app.route({
    method: 'GET',
    url: '/api/plans',
    config: { access: 'public' },
    schema: { tags, summary: 'Plans for sale', response: { 200: z.array(planSchema), ...problems(503) } },
    handler: async (_request, reply) => reply.send(plans),
  });
}

function registerCheckout(app: App, { marketplace, site }: MarketplaceRoutesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/marketplace/checkout',
    config: { access: 'workspace', manages: true },
    schema: {
      tags,
      summary: 'Opens a payment page for a pack or a plan',
      body: z.union([
        z.strictObject({ pack: z.string().min(1).max(100), quantity: z.int().min(1).max(100_000).optional() }),
        z.strictObject({ plan: z.string().min(1).max(100) }),
      ]),
      response: {
        200: z.object({ id: uuidSchema, url: z.string() }),
        ...problems(400, 401, 403, 404, 409, 422, 501, 503),
      },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const idempotency = idempotencyOf(request);
      const started = await marketplace.checkout({
        workspace: workspaceOf(request),
        actor: callerOf(request).actor,
        wanted: 'pack' in body ? { pack: body.pack, quantity: body.quantity ?? 1 } : body,
        return_url: `${siteFor(request, site)}/plan`,
        ...(idempotency && { idempotency }),
      });
      if (isRefusal(started)) return sendRefusal(request, reply, started);
      if (started.replayed) reply.header('idempotency-replayed', 'true');
      return reply.header('cache-control', 'no-store').send({ id: started.id, url: started.url });
    },
  });
}

function registerPortal(app: App, { marketplace, site }: MarketplaceRoutesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/marketplace/portal',
    config: { access: 'workspace', manages: true },
    schema: {
      tags,
      summary: 'Opens the page of cards, invoices and the subscription',
      response: { 200: z.object({ url: z.string() }), ...problems(400, 401, 403, 501, 503) },
    },
    handler: async (request, reply) => {
      const portal = await marketplace.portal(workspaceOf(request).id, `${siteFor(request, site)}/plan`);
      return isRefusal(portal) ? sendRefusal(request, reply, portal) : reply.header('cache-control', 'no-store').send(portal);
    },
  });
}

function registerReceipts(app: App, { marketplace }: MarketplaceRoutesDeps): void {
  app.route({
    method: 'GET',
    url: '/api/marketplace/receipts',
    config: { access: 'workspace' },
    schema: {
      tags,
      summary: 'Payments, newest first',
      querystring: z.object({ ...pageQuery, cursor: uuidSchema.optional().describe('`next_cursor` of the page before.') }),
      response: {
        200: receiptPageSchema,
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      const [{ receipts, next_cursor }, owed] = await Promise.all([
        marketplace.receipts(id, request.query),
        marketplace.debt(id),
      ]);
      return reply.header('cache-control', 'no-store').send({
        receipts: receipts.map(({ code, paid_at, net, tax, total, reversed, ...receipt }) => ({
          ...receipt,
          paid_at: paid_at.toString(),
          pack: code,
          credits: counter(receipt.credits),
          net: toWire(net),
          tax: toWire(tax),
          total: toWire(total),
          reversed: toWire(reversed),
          credits_paid_for: counter(receipt.credits_paid_for),
          credits_owed: counter(receipt.credits_owed),
        })),
        credits_owed: counter(owed),
        next_cursor,
      });
    },
  });
}

function wirePacks({ packs }: Catalog): z.infer<typeof packSchema>[] {
  return packs.map((pack) => ({
    code: pack.code,
    name: pack.name,
    price: toWire(pack.price),
    credits: counter(pack.credits),
    raises: toWire(pack.ceiling_raise),
    tiers: pack.tiers.map(({ from, price }) => ({ from, price: toWire(price) })),
    expires_months: pack.expires_months ?? null,
    text: `${pack.credits} credits for ${formatMoney(pack.price)}`,
  }));
}

function wirePlans({ plans, packs }: Catalog): z.infer<typeof planSchema>[] {
  return plans.map((plan) => ({
    code: plan.code,
    name: plan.name,
    price: toWire(plan.price),
    negotiable: plan.negotiable,
    credits: counter(plan.credits_monthly),
    ceiling: toWire(plan.ceiling),
    features: [...plan.features],
    packs: packs.map(({ code }) => code).filter((code) => plan.packs?.includes(code) ?? true),
    text: plan.price.nanos === 0n ? `${plan.name}, free` : `${plan.name} for ${formatMoney(plan.price)} a month`,
  }));
}
