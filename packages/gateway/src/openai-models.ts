import { RefusalError, refuse } from '@purser/core';
import type { ModelEntry } from '@purser/catalog';
import { AUTO, namable } from '@purser/routing';
import type { Gate } from '@purser/gate';
import type { Policy } from '@purser/policy';
import { z } from 'zod';
import { workspaceOf, openAiErrors, type App } from '@purser/http';

import type { GatewayDeps } from './deps.ts';

const modelSchema = z.object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() });

/** Leaves the choice to the plan. */
const ROUTED = { id: AUTO, object: 'model', created: 0, owned_by: 'purser' } as const;

/** The models a caller may name: its plan allows them and their providers are configured. In OpenAI's list shape. */
export function registerOpenAiModels(app: App, { clock, policyOf, gate }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/v1/models',
    config: { access: 'workspace' },
    schema: {
      tags: ['OpenAI'],
      summary: 'The models this plan allows',
      response: { 200: z.object({ object: z.literal('list'), data: z.array(modelSchema) }), ...openAiErrors(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const policy = policyOf(workspaceOf(request), clock.now());
      return reply.send({ object: 'list', data: [ROUTED, ...callableModels(policy, gate).map(wireModel)] });
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/models/*',
    config: { access: 'workspace' },
    schema: {
      tags: ['OpenAI'],
      summary: 'One model',
      params: z.object({ '*': z.string() }),
      response: { 200: modelSchema, ...openAiErrors(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const wanted = request.params['*'];
      const allowed = callableModels(policyOf(workspaceOf(request), clock.now()), gate);
      if (wanted === AUTO) return reply.send(ROUTED);
      const model =
        allowed.find(({ id }) => id === wanted) ??
        allowed.find(({ name, aliases }) => name === wanted || aliases.includes(wanted));
      if (model === undefined) {
        throw new RefusalError(
          refuse(
            'not_found',
            `this plan does not allow the model "${wanted}"; it allows ${allowed.map(({ id }) => id).join(', ')}`,
          ),
        );
      }
      return reply.send(wireModel(model));
    },
  });
}

/** The kinds of work that have an endpoint in OpenAI's format. */
const TASKS = ['text', 'embedding', 'image', 'speech', 'transcription', 'moderation'];

function callableModels(policy: Policy, gate: Gate): readonly ModelEntry[] {
  const { models } = policy.catalog;
  return TASKS.flatMap((task) => namable({ operation: { task }, policy, models, providersConfigured: gate.offeredBy(task) }));
}

function wireModel(model: ModelEntry): z.infer<typeof modelSchema> {
  return { id: model.id, object: 'model', created: 0, owned_by: model.provider };
}
