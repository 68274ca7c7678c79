import { isRefusal, RefusalError, refuse } from '@purser/core';
import { toWire } from '@purser/money';
import { findRollout, listRollouts, type Rollout, WHOLE_PPM } from '@purser/policy';
import { z } from 'zod';
import { comparedRolloutSchema, rolloutSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, problems, type App } from '@purser/http';

import { beginRollout, moveRollout } from './begin-rollout.ts';
import { compareRollout } from './compare-rollout.ts';
import type { ConsoleDeps } from './deps.ts';

const share = z.number().min(0).max(1).describe('Of the subscribers, 0 to 1; a larger share only adds workspaces.');
/** Many times the longest of ours. It is read at a stretch, while everybody else waits; a longer one is begun with `purser rollout`. */
const CATALOG_CHARACTERS_MAX = 128 * 1024;

const config = { access: 'admin' } as const;

/** A catalog, or prices of providers, for a share of the workspaces first, compared, then for all, or back (C13). */
export function registerRollouts(app: App, deps: ConsoleDeps): void {
  registerBegin(app, deps);
  registerList(app, deps);
  registerComparison(app, deps);
  registerMove(app, deps);
}

function registerBegin(app: App, { bounds, pool, catalog, clock }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/rollouts',
    config,
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Administration'],
      summary: 'Moves a share of the workspaces to another catalog, or to other prices',
      body: z
        .strictObject({
          catalog: z.string().min(1).max(CATALOG_CHARACTERS_MAX).optional().describe('Its whole text, YAML.'),
          prices: z.string().min(1).max(CATALOG_CHARACTERS_MAX).optional().describe('The whole text of a provider_costs.yml.'),
          share,
          from_version: z.string().max(200).optional().describe('The version to move from; without it the one in force.'),
        })
        .refine((body) => (body.catalog === undefined) !== (body.prices === undefined), 'want either catalog or prices'),
      response: { 201: rolloutSchema, ...problems(400, 401, 403, 409, 503) },
    },
    handler: async (request, reply) => {
      const { catalog: sold, prices, from_version, share: wanted } = request.body;
      const started = await beginRollout(
        { pool, catalog, actor: callerOf(request).actor, now: clock.now() },
        { of: prices === undefined ? 'catalog' : 'prices', text: prices ?? sold ?? '', from_version, share: wanted },
      );
      return isRefusal(started) ? sendRefusal(request, reply, started) : reply.code(201).send(wireRollout(started));
    },
  });
}

function registerList(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/rollouts',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Rollouts, newest first',
      response: { 200: z.array(rolloutSchema), ...problems(401, 403, 503) },
    },
    handler: async (_request, reply) => reply.send((await listRollouts(pool)).map(wireRollout)),
  });
}

function registerComparison(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/rollouts/:id',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Compares both groups of a rollout: margin from the ledger, calls and refusals',
      params: z.object({ id: uuidSchema }),
      response: { 200: comparedRolloutSchema, ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const rollout = await findRollout(pool, id);
      if (rollout === undefined) throw new RefusalError(refuse('not_found', `there is no rollout ${id}`));
      const arms = await compareRollout(pool, rollout, clock.now());
      return reply.send({
        ...wireRollout(rollout),
        arms: arms.map(({ margin, refused, ...arm }) => ({
          ...arm,
          refused: { ...refused },
          margin: margin.map(({ revenue, fees, cost, margin: left, margin_ratio }) => ({
            revenue: toWire(revenue),
            fees: toWire(fees),
            cost: toWire(cost),
            margin: toWire(left),
            margin_ratio,
          })),
        })),
      });
    },
  });
}

function registerMove(app: App, { pool, catalog, clock }: ConsoleDeps): void {
  app.route({
    method: 'PATCH',
    url: '/api/admin/rollouts/:id',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Changes the share, completes a rollout, or rolls it back',
      params: z.object({ id: uuidSchema }),
      body: z
        .strictObject({ share: share.optional(), state: z.enum(['completed', 'rolled_back']).optional() })
        .refine((body) => (body.share === undefined) !== (body.state === undefined), 'want either share or state'),
      response: { 200: rolloutSchema, ...problems(400, 401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      const { share: wanted, state } = request.body;
      const moved = await moveRollout({ pool, catalog, actor: callerOf(request).actor, now: clock.now() }, request.params.id, {
        ...(wanted !== undefined && { share: wanted }),
        ...(state !== undefined && { state }),
      });
      return isRefusal(moved) ? sendRefusal(request, reply, moved) : reply.send(wireRollout(moved));
    },
  });
}

function wireRollout({
  id,
  from_version,
  to_version,
  share_ppm,
  state,
  started_at,
  changed_at,
}: Rollout): z.infer<typeof rolloutSchema> {
  return {
    id,
    from_version,
    to_version,
    share: share_ppm / WHOLE_PPM,
    state,
    started_at: started_at.toString(),
    changed_at: changed_at.toString(),
  };
}
