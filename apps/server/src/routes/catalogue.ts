import type { Catalogue } from '@purser/catalog';
import { formatMoney, toWire } from '@purser/money';
import { z } from 'zod';

import type { RouteDeps } from '../deps.ts';
import { problems } from '../http/responses.ts';
import type { App } from '../http/types.ts';
import { amountSchema, counter, counterSchema } from '../http/wire.ts';

const operationSchema = z.object({
  name: z.string(),
  task: z.string(),
  feature: z.string().describe('The plan feature it needs.'),
  description: z.string().optional(),
  credits_min: counterSchema.describe('The least one call is charged.'),
  complexities: z.array(z.enum(['simple', 'medium', 'complex'])),
  output_tokens_default: z.int(),
});

const packSchema = z.object({
  code: z.string(),
  name: z.string(),
  price: amountSchema,
  credits: counterSchema,
  expires_months: z.int().nullable(),
  text: z.string(),
});

/** What can be asked for and what can be bought. Public: it is what a price page shows. */
export function registerCatalogue(app: App, { catalogue }: RouteDeps): void {
  const operations = wireOperations(catalogue);
  const packs = wirePacks(catalogue);
  app.route({
    method: 'GET',
    url: '/api/operations',
    config: { access: 'public' },
    schema: {
      tags: ['Workspace'],
      summary: 'What can be asked for',
      response: { 200: z.array(operationSchema), ...problems(503) },
    },
    handler: async (_request, reply) => reply.send(operations),
  });
  app.route({
    method: 'GET',
    url: '/api/packs',
    config: { access: 'public' },
    schema: { tags: ['Workspace'], summary: 'Credits for sale', response: { 200: z.array(packSchema), ...problems(503) } },
    handler: async (_request, reply) => reply.send(packs),
  });
}

function wireOperations({ operations }: Catalogue): z.infer<typeof operationSchema>[] {
  return operations.map((operation) => ({
    name: operation.name,
    task: operation.task,
    feature: operation.feature,
    ...(operation.instructions !== undefined && { description: operation.instructions }),
    credits_min: counter(operation.credits_min),
    complexities: ['simple', 'medium', 'complex'],
    output_tokens_default: operation.output_tokens_default,
  }));
}

function wirePacks({ packs }: Catalogue): z.infer<typeof packSchema>[] {
  return packs.map((pack) => ({
    code: pack.code,
    name: pack.name,
    price: toWire(pack.price),
    credits: counter(pack.credits),
    expires_months: pack.expires_months ?? null,
    text: `${pack.credits} credits for ${formatMoney(pack.price)}`,
  }));
}
