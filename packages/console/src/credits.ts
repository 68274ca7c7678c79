import { appendAudit } from '@purser/audit';
import { instantText, RefusalError, refuse, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { type GrantId, grantCredits } from '@purser/meters';
import { allocateCredits } from '@purser/wallet';
import { z } from 'zod';
import { instantSchema, uuidSchema } from '@purser/api';
import { callerOf, createOnce, problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

const CREDITS_MAX = 1_000_000_000;

/** Credits given away or agreed with a customer, with their reason in the trail. */
export function registerCredits(app: App, deps: ConsoleDeps): void {
  const { clock } = deps;
  app.route({
    method: 'POST',
    url: '/api/admin/credits/gift',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Gives credits to a workspace',
      body: z.strictObject({
        workspace_id: uuidSchema,
        credits: z.int().min(1).max(CREDITS_MAX),
        expires_at: instantText.nullish().describe('RFC 3339; without it they never expire.'),
        reason: z.string().min(1).max(500),
      }),
      response: {
        201: z.object({
          grant_id: uuidSchema,
          workspace_id: uuidSchema,
          credits: z.int(),
          expires_at: instantSchema.nullable(),
          reason: z.string(),
        }),
        ...problems(400, 401, 403, 404, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const { credits, reason } = request.body;
      const now = clock.now();
      const expires_at = request.body.expires_at ? Temporal.Instant.from(request.body.expires_at) : null;
      if (expires_at !== null && Temporal.Instant.compare(expires_at, now) <= 0) {
        throw new RefusalError(refuse('invalid_request', `"expires_at": want a time after ${now}, got ${expires_at}`));
      }
      const workspace = request.body.workspace_id as WorkspaceId;
      return createOnce(deps, request, reply, async (connection) => {
        if ((await deps.identity.workspace(workspace)) === undefined) {
          return refuse('not_found', `there is no workspace ${workspace}`);
        }
        const id = newId<'grant'>() as GrantId;
        await grantCredits(connection, now, { id, workspace, source: 'gift', credits: BigInt(credits), expires_at, reason });
        await appendAudit(connection, {
          at: now,
          actor: callerOf(request).actor,
          workspace,
          action: 'credits.gift',
          subject: `grant:${id}`,
          detail: { credits, reason, expires_at: expires_at?.toString() ?? null },
        });
        return { grant_id: id, workspace_id: workspace, credits, expires_at: expires_at?.toString() ?? null, reason };
      });
    },
  });
  registerCustomCredits(app, deps);
}

const instant = instantText.nullish();

/** Credits that a contract grants, for as long as it says. */
function registerCustomCredits(app: App, deps: ConsoleDeps): void {
  const { clock } = deps;
  app.route({
    method: 'POST',
    url: '/api/admin/credits/allocation',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Grants credits agreed with one customer, with the time they are valid',
      body: z.strictObject({
        workspace_id: uuidSchema,
        credits: z.int().min(1).max(CREDITS_MAX),
        valid_from: instant.describe('RFC 3339; without it from now on.'),
        expires_at: instant.describe('RFC 3339; without it they never expire.'),
        reason: z.string().min(1).max(500),
      }),
      response: {
        201: z.object({
          grant_id: uuidSchema,
          workspace_id: uuidSchema,
          credits: z.int(),
          valid_from: instantSchema,
          expires_at: instantSchema.nullable(),
          reason: z.string(),
        }),
        ...problems(400, 401, 403, 404, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const { credits, reason } = request.body;
      const now = clock.now();
      const valid_from = request.body.valid_from ? Temporal.Instant.from(request.body.valid_from) : now;
      const expires_at = request.body.expires_at ? Temporal.Instant.from(request.body.expires_at) : null;
      const start = Temporal.Instant.compare(valid_from, now) > 0 ? valid_from : now;
      if (expires_at !== null && Temporal.Instant.compare(expires_at, start) <= 0) {
        throw new RefusalError(refuse('invalid_request', `"expires_at": want a time after ${start}, got ${expires_at}`));
      }
      const workspace = request.body.workspace_id as WorkspaceId;
      return createOnce(deps, request, reply, async (connection) => {
        if ((await deps.identity.workspace(workspace)) === undefined) {
          return refuse('not_found', `there is no workspace ${workspace}`);
        }
        const id = newId<'grant'>() as GrantId;
        await allocateCredits(connection, now, {
          id,
          workspace,
          credits: BigInt(credits),
          valid_from: start,
          expires_at,
          reason,
        });
        const validity = { valid_from: start.toString(), expires_at: expires_at?.toString() ?? null };
        await appendAudit(connection, {
          at: now,
          actor: callerOf(request).actor,
          workspace,
          action: 'credits.allocation',
          subject: `grant:${id}`,
          detail: { credits, reason, ...validity },
        });
        return { grant_id: id, workspace_id: workspace, credits, reason, ...validity };
      });
    },
  });
}
