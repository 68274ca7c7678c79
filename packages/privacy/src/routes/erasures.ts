import { isRefusal, isUuid, RefusalError, type Refusal, refuse } from '@purser/core';
import { USER_NAME, WANTED_USER_NAME } from '@purser/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { counterSchema, instantSchema, uuidSchema } from '@purser/api';
import {
  sendRefusal,
  callerOf,
  workspaceOf,
  authorityOf,
  personOf,
  namedWorkspace,
  problems,
  type App,
  counter,
} from '@purser/http';

import { beginEndUser, beginPerson, beginWorkspace } from '../begin.ts';
import { type Erasure, findErasure, listErasures } from '../erasure.ts';
import type { PrivacyRoutesDeps } from './deps.ts';
import { type BegunErasure, workBegun } from './work-begun.ts';

const erasureSchema = z.object({
  id: uuidSchema,
  kind: z.enum(['workspace', 'person', 'end_user']),
  pseudonym: z.string().describe('What replaces every name in the ledger.'),
  state: z.enum(['running', 'done']).describe('running: access has ended, and stored data is being erased.'),
  requested_at: instantSchema,
  done_at: instantSchema.nullable(),
  rows: counterSchema.describe('Rows changed or deleted so far.'),
});
const begunSchema = erasureSchema.extend({ also: z.array(uuidSchema).describe('Erasures that follow from this one.') });
const deleteWorkspaces = z.boolean().default(false).describe('Also deletes the workspaces that have no other owner.');
const tags = ['Privacy'];
const config = { access: 'admin' } as const;
const refusals = problems(400, 401, 403, 404, 409, 503);

/** Erasure of workspaces, persons and end users: names and texts go, the books stay under a pseudonym. */
export function registerErasures(app: App, deps: PrivacyRoutesDeps): void {
  registerOwn(app, deps);
  registerOperators(app, deps);
}

function registerOwn(app: App, deps: PrivacyRoutesDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/workspace',
    config: { access: 'manager' },
    schema: {
      tags,
      summary: 'Deletes the workspace for good; for its owners only',
      description: 'Keys and sessions end at once. The ledger keeps no names. Export first: this cannot be undone.',
      body: z.strictObject({ confirm: z.string().max(200).describe('The name of the workspace, typed.') }),
      response: { 202: begunSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const { actor, role } = authorityOf(request);
      if (role !== 'owner') throw new RefusalError(refuse('forbidden', 'only an owner can delete the workspace'));
      wantConfirmed(request.body.confirm, workspace.name, 'the name of the workspace');
      return answer(request, reply, deps, await beginWorkspace(deps.erasing, workspace.id, { actor, operator: false }));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/workspace/users',
    config: { access: 'manager' },
    schema: {
      tags,
      summary: 'Erases an end user, as named by Purser-User, from all data of the workspace',
      body: z.strictObject({ user: z.string().regex(USER_NAME, WANTED_USER_NAME) }),
      response: { 202: begunSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const { id: workspace } = workspaceOf(request);
      const { actor } = callerOf(request);
      const begun = await beginEndUser(deps.erasing, { workspace, name: request.body.user }, { actor, operator: false });
      return answer(request, reply, deps, begun);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/persons/me',
    config: { access: 'signed_in' },
    schema: {
      tags,
      summary: 'Deletes the account of the person who is signed in',
      body: z.strictObject({
        confirm: z.string().max(320).describe('The email address of the account, typed; "delete" where there is none.'),
        delete_workspaces: deleteWorkspaces,
      }),
      response: { 202: begunSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const person = personOf(request);
      const { confirm, delete_workspaces } = request.body;
      wantConfirmed(
        confirm.toLowerCase(),
        person.email ?? 'delete',
        person.email === null ? 'the word delete' : 'your email address',
      );
      const by = { actor: callerOf(request).actor, operator: false };
      return answer(request, reply, deps, await beginPerson(deps.erasing, person.id, by, delete_workspaces));
    },
  });
}

function registerOperators(app: App, deps: PrivacyRoutesDeps): void {
  registerDeleteWorkspace(app, deps);
  registerDeletePerson(app, deps);
  registerNewest(app, deps);
  registerProgress(app, deps);
}

function registerDeleteWorkspace(app: App, deps: PrivacyRoutesDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/admin/workspaces/:id',
    config,
    schema: {
      tags,
      summary: 'Deletes a workspace for good',
      params: z.object({ id: z.string() }),
      body: z.strictObject({ confirm: z.string().max(200).describe('The name of the workspace, typed.') }),
      response: { 202: begunSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const workspace = await namedWorkspace(deps, request.params.id);
      wantConfirmed(request.body.confirm, workspace.name, 'the name of the workspace');
      const by = { actor: callerOf(request).actor, operator: true };
      return answer(request, reply, deps, await beginWorkspace(deps.erasing, workspace.id, by));
    },
  });
}

function registerDeletePerson(app: App, deps: PrivacyRoutesDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/admin/persons',
    config,
    schema: {
      tags,
      summary: 'Deletes the account of a person, by its email address',
      body: z.strictObject({ email: z.email().max(320), delete_workspaces: deleteWorkspaces }),
      response: { 202: begunSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const { email, delete_workspaces } = request.body;
      const { rows } = await deps.pool.query<{ id: string | null }>('select identity.person_of($1) as id', [email]);
      const id = rows[0]?.id ?? null;
      if (id === null) throw new RefusalError(refuse('not_found', 'nobody has signed in with that email address'));
      const by = { actor: callerOf(request).actor, operator: true };
      return answer(request, reply, deps, await beginPerson(deps.erasing, id, by, delete_workspaces));
    },
  });
}

function registerNewest(app: App, deps: PrivacyRoutesDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/erasures',
    config,
    schema: {
      tags,
      summary: 'The last 200 erasures, newest first',
      response: { 200: z.object({ erasures: z.array(erasureSchema) }), ...problems(401, 403) },
    },
    handler: async (_request, reply) => reply.send({ erasures: (await listErasures(deps.pool)).map(wireErasure) }),
  });
}

function registerProgress(app: App, deps: PrivacyRoutesDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/erasures/:id',
    config,
    schema: {
      tags,
      summary: 'The progress of an erasure',
      params: z.object({ id: z.string() }),
      response: { 200: erasureSchema, ...problems(401, 403, 404) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = isUuid(id) ? await findErasure(deps.pool, id) : undefined;
      if (!found) throw new RefusalError(refuse('not_found', 'there is no such erasure'));
      return reply.send(wireErasure(found));
    },
  });
}

function wantConfirmed(given: string, wanted: string, what: string): void {
  if (given.trim() === wanted) return;
  throw new RefusalError(refuse('invalid_request', `confirm: want ${what}, exactly; nothing was deleted`));
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: PrivacyRoutesDeps,
  begun: BegunErasure | Refusal,
): Promise<FastifyReply> {
  if (isRefusal(begun)) return sendRefusal(request, reply, begun);
  await workBegun(deps, begun);
  const [id = '', ...also] = begun.erasures;
  const erasure = await findErasure(deps.pool, id);
  if (!erasure) throw new Error(`the erasure ${id} was started and is not there`);
  return reply.code(202).send({ ...wireErasure(erasure), also });
}

function wireErasure({ id, kind, pseudonym, state, requested_at, done_at, rows }: Erasure): z.infer<typeof erasureSchema> {
  return {
    id,
    kind,
    pseudonym,
    state,
    requested_at: requested_at.toString(),
    done_at: done_at?.toString() ?? null,
    rows: counter(rows),
  };
}
