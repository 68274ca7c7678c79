import type { Catalogue } from '@purser/catalog';
import { z } from 'zod';

import type { RouteDeps } from '../deps.ts';
import { problems } from '../http/responses.ts';
import type { App } from '../http/types.ts';

const modelSchema = z.object({
  id: z.string(),
  provider: z.string(),
  name: z.string(),
  family: z.string(),
  version: z.string(),
  task: z.string(),
  class: z.string(),
  context_tokens: z.int(),
  output_tokens_max: z.int(),
  free: z.boolean(),
  local: z.boolean(),
  beta: z.boolean(),
  verified: z.boolean(),
  aliases: z.array(z.string()),
  priced: z.boolean().describe('Whether the price book has a price for it now; without one every call is refused.'),
});

/** Every model version of the catalogue. */
export function registerAdminModels(app: App, { catalogue, clock }: RouteDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/models',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Model versions',
      response: { 200: z.array(modelSchema), ...problems(401, 403) },
    },
    handler: async (_request, reply) => reply.send(catalogue.models.map((model) => wireModel(model, catalogue, clock.now()))),
  });
}

function wireModel(
  model: Catalogue['models'][number],
  { prices }: Catalogue,
  now: Temporal.Instant,
): z.infer<typeof modelSchema> {
  const { id, provider, name, family, version, task, context_tokens, output_tokens_max, free, local, beta, verified } = model;
  const [priceProvider = provider, ...priceModel] = model.priceKey.split('/');
  const priced = prices.find(priceProvider, priceModel.join('/'), now) !== undefined;
  const aliases = [...model.aliases];
  return {
    id,
    provider,
    name,
    family,
    version,
    task,
    class: model.class,
    context_tokens,
    output_tokens_max,
    free,
    local,
    beta,
    verified,
    aliases,
    priced,
  };
}
