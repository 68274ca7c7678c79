import type { Catalogue } from '@purser/catalog';
import type { Standing } from '@purser/gate';
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
  configured: z.boolean().describe('Whether its provider has a key or an address here; the offline one: whether it is on.'),
  route: z
    .enum(['open', 'to_prove', 'closed'])
    .describe(
      '`to_prove`: a probe asks for a short answer before the next call. `closed`: a call cost more than was held, a probe failed, or the breaker is open.',
    ),
  breaker: z
    .enum(['closed', 'half_open', 'open'])
    .describe(
      'The circuit breaker. `open`: the provider failed again and again, refused the key, or too much with it is unresolved; no call is sent until `route_retry_after` is over. `half_open`: then one call tries it.',
    ),
  route_why: z.string().nullable(),
  route_retry_after: z.int().nullable().describe('Seconds until a closed route may be proven again.'),
  priced: z.boolean().describe('Whether the price book has a price for it now; without one every call is refused.'),
});

/** Every model version of the catalogue. */
export function registerAdminModels(app: App, { catalogue, clock, providers_callable, routeTo }: RouteDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/models',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Model versions',
      response: { 200: z.array(modelSchema), ...problems(401, 403) },
    },
    handler: async (_request, reply) =>
      reply.send(
        catalogue.models.map((model) => ({
          ...wireModel(model, catalogue, clock.now()),
          configured: providers_callable.has(model.provider),
          ...wireRoute(routeTo(model)),
        })),
      ),
  });
}

function wireModel(
  model: Catalogue['models'][number],
  { prices }: Catalogue,
  now: Temporal.Instant,
): Omit<z.infer<typeof modelSchema>, 'configured' | keyof ReturnType<typeof wireRoute>> {
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

const BREAKER = { closed: 'closed', due: 'half_open', open: 'open' } as const;

function wireRoute({ state, why, retry_ms, breaker }: Standing) {
  const route_retry_after = state === 'closed' ? Math.ceil(retry_ms / 1000) : null;
  return { route: state, route_why: why, route_retry_after, breaker: BREAKER[breaker] };
}
