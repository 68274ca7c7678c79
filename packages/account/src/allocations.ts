import { appendAudit } from '@purser/audit';
import { isRefusal, RefusalError, refuse } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { USER_NAME, WANTED_USER_NAME } from '@purser/identity';
import { type AllocationKind, type AllocationState, allocationStates, listAllocations, setAllocation } from '@purser/wallet';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { allocationSchema } from '@purser/api';
import { callerOf, workspaceOf, authorityOf, problems, type App, counter } from '@purser/http';

import type { AccountDeps } from './deps.ts';

const CREDITS_MAX = 1_000_000_000;
const tags = ['Members'];

const name = z.string().regex(USER_NAME, WANTED_USER_NAME);
const credits = z.int().min(0).max(CREDITS_MAX).nullable();

/** How much of the workspace's credits each member and each team may spend. */
export function registerAllocations(app: App, deps: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/allocations',
    config: { access: 'manager' },
    schema: {
      tags,
      summary: 'Allocations to members and teams, and what is spent of them',
      response: { 200: z.object({ allocations: z.array(allocationSchema) }), ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const allocations = await listAllocations(deps.pool, workspace.id);
      const states = await allocationStates(deps.meters, deps.policyOf(workspace, deps.clock.now()), allocations);
      return reply.send({ allocations: states.map(wireAllocation) });
    },
  });
  registerKind(app, deps, 'member', z.strictObject({ credits: credits.optional(), team: name.nullable().optional() }));
  registerKind(app, deps, 'team', z.strictObject({ credits }));
}

function registerKind(
  app: App,
  deps: AccountDeps,
  kind: AllocationKind,
  body: z.ZodType<{ credits?: number | null | undefined; team?: string | null | undefined }>,
): void {
  const { pool, clock, meters, members, policyOf } = deps;
  const url = `/api/${kind}s/:id/allocation`;
  const params = z.object({ id: name.describe(kind === 'member' ? 'What `Purser-User`, or a session, calls it.' : 'Its name.') });
  app.route({
    method: 'GET',
    url,
    config: { access: 'workspace' },
    schema: {
      tags,
      summary: `What is allocated to a ${kind}`,
      params,
      response: { 200: allocationSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      refuseCurious(request, kind, id);
      const found = (await listAllocations(pool, workspace.id)).find((one) => one.kind === kind && one.name === id);
      const allocation = found ?? { kind, name: id, credits: null, team: null };
      const states = await allocationStates(meters, policyOf(workspace, clock.now()), [allocation]);
      return reply.send(wireAllocation(states[0] as AllocationState));
    },
  });

  app.route({
    method: 'PUT',
    url,
    config: { access: 'manager' },
    schema: {
      tags,
      summary: `Allocates credits to a ${kind}; absent members stay as they are`,
      params,
      body,
      response: { 200: allocationSchema, ...problems(400, 401, 403, 409, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const now = clock.now();
      const wanted = request.body;
      const set = await workspaceTransaction(pool, workspace.id, async (connection) => {
        const allocation = await setAllocation(connection, now, workspace.id, {
          kind,
          name: request.params.id,
          ...(wanted.credits !== undefined && { credits: wanted.credits === null ? null : BigInt(wanted.credits) }),
          ...(wanted.team !== undefined && { team: wanted.team }),
        });
        if (isRefusal(allocation)) return allocation;
        await appendAudit(connection, {
          at: now,
          actor: callerOf(request).actor,
          workspace: workspace.id,
          action: 'credits.allocate',
          subject: `${kind}:${request.params.id}`,
          detail: { credits: allocation.credits === null ? null : counter(allocation.credits), team: allocation.team },
        });
        return allocation;
      });
      if (isRefusal(set)) throw new RefusalError(set);
      members.forget(workspace.id);
      const states = await allocationStates(meters, policyOf(workspace, now), [set]);
      return reply.send(wireAllocation(states[0] as AllocationState));
    },
  });
}

/** Who administers sees all; a member sees its own. */
function refuseCurious(request: FastifyRequest, kind: AllocationKind, id: string): void {
  const { kind: caller, user } = callerOf(request);
  if (authorityOf(request).role !== 'member' || (kind === 'member' && user === id)) return;
  // A key without a user is the workspace itself.
  if (caller === 'workspace_key' && user === undefined) return;
  throw new RefusalError(
    refuse('forbidden', 'an allocation is seen by those who administer the workspace and by the member itself'),
  );
}

function wireAllocation({ kind, name: id, team, ...state }: AllocationState): z.infer<typeof allocationSchema> {
  return {
    kind,
    id,
    team,
    credits: state.credits === null ? null : counter(state.credits),
    used: counter(state.used),
    held: counter(state.held),
    resets_at: state.resets_at?.toString() ?? null,
  };
}
