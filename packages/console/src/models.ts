import type { Catalog } from '@purser/catalog';
import { breakerOf, type RouteOverview } from '@purser/routing';
import { z } from 'zod';
import { problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

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
    .enum(['open', 'due', 'to_prove', 'closed'])
    .describe(
      '`due`: one call tries it. `to_prove`: a probe asks for a short answer first. `closed`: no call goes there; `route_reason` says why.',
    ),
  route_reason: z
    .enum(['overrun', 'failing', 'key', 'unresolved'])
    .nullable()
    .describe(
      '`overrun`: a call cost more than was held, or a probe failed; closed until a probe has shown that the output limit is kept. `failing`: it fails again and again. `key`: it refuses our key or account. `unresolved`: too much with it is unresolved.',
    ),
  workspaces_kept_away: z
    .int()
    .describe('Workspaces that are stopped because their own calls failed, while the others are served.'),
  breaker: z
    .enum(['closed', 'half_open', 'open'])
    .describe(
      'The same as a circuit breaker: `open` while it is closed because its provider fails, refuses the key or too much is unresolved; `half_open` when one call tries it.',
    ),
  route_why: z.string().nullable(),
  route_retry_after: z.int().nullable().describe('Seconds until a closed route may be proven again.'),
  priced: z.boolean().describe('Whether the price book has a price for it now; without one every call is refused.'),
});

/** Every model version of the catalog. */
export function registerModels(app: App, { catalog, clock, providers_callable, routeTo }: ConsoleDeps): void {
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
        catalog.models.map((model) => ({
          ...wireModel(model, catalog, clock.now()),
          configured: providers_callable.has(model.provider),
          ...wireRoute(routeTo(model)),
        })),
      ),
  });
}

function wireModel(
  model: Catalog['models'][number],
  { prices }: Catalog,
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

function wireRoute(overview: RouteOverview) {
  const { state, reason, why, retry_ms, workspaces_kept_away } = overview;
  const route_retry_after = state === 'closed' ? Math.ceil(retry_ms / 1000) : null;
  const route = { route: state, route_reason: reason, route_why: why, route_retry_after };
  return { ...route, breaker: breakerOf(overview), workspaces_kept_away };
}
