import { isRefusal, RefusalError, refuse } from '@purser/core';
import type { Invitation, Member } from '@purser/identity';
import { z } from 'zod';
import { invitationSchema, invitedSchema, memberSchema, membersSchema, roleSchema } from '@purser/api';
import { sendRefusal, callerOf, workspaceOf, authorityOf, personOf, createOnce, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';

const tags = ['Members'];
const config = { access: 'manager' } as const;

/** Who belongs to a workspace, with what role. */
export function registerMembers(app: App, deps: AccountDeps): void {
  registerList(app, deps);
  registerRole(app, deps);
  registerRemove(app, deps);
  registerInvite(app, deps);
  registerWithdraw(app, deps);
  registerAccept(app, deps);
}

function registerList(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'GET',
    url: '/api/members',
    config: { access: 'workspace' },
    schema: {
      tags,
      summary: 'The members of the workspace, and for those who administer it the invitations that wait',
      response: {
        200: membersSchema,
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      const manages = authorityOf(request).role !== 'member';
      const [members, invitations] = await Promise.all([persons.members(id), manages ? persons.invitations(id) : []]);
      return reply.send({ members: members.map(wireMember), invitations: invitations.map(wireInvitation) });
    },
  });
}

function registerRole(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'PATCH',
    url: '/api/members/:id',
    config,
    schema: {
      tags,
      summary: 'Changes the role of a member; for owners only',
      params: z.object({ id: z.string() }),
      body: z.strictObject({ role: roleSchema }),
      response: { 200: memberSchema, ...problems(400, 401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      const changed = await persons.changeRole(id, request.params.id, request.body.role, authorityOf(request));
      return isRefusal(changed) ? sendRefusal(request, reply, changed) : reply.send(wireMember(changed));
    },
  });
}

function registerRemove(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'DELETE',
    url: '/api/members/:id',
    config: { access: 'workspace' },
    schema: {
      tags,
      summary: 'Removes a member from the workspace; every member may leave except the last owner',
      params: z.object({ id: z.string() }),
      response: { 200: memberSchema, ...problems(400, 401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      const removed = await persons.removeMember(workspaceOf(request).id, request.params.id, authorityOf(request));
      return isRefusal(removed) ? sendRefusal(request, reply, removed) : reply.send(wireMember(removed));
    },
  });
}

function registerInvite(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'POST',
    url: '/api/members/invitations',
    config,
    schema: {
      tags,
      summary: 'Invites an e-mail address to the workspace',
      body: z.strictObject({ email: z.email().max(320), role: roleSchema.default('member') }),
      response: {
        201: invitedSchema,
        ...problems(400, 401, 403, 409, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const { person } = callerOf(request);
      if (person?.email === null) throw new RefusalError(refuse('forbidden', 'sign in by email before you invite others'));
      let made: Invitation | undefined;
      const sent = await createOnce(deps, request, reply, async (connection) => {
        const invited = await persons.invite({ workspace: workspace.id, ...request.body }, authorityOf(request), connection);
        if (isRefusal(invited)) return invited;
        made = invited;
        return { ...wireInvitation(invited), emailed: persons.writes };
      });
      if (made !== undefined) await persons.writeInvitation(made, workspace.name);
      return sent;
    },
  });
}

function registerWithdraw(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'DELETE',
    url: '/api/members/invitations/:id',
    config,
    schema: {
      tags,
      summary: 'Revokes an invitation',
      params: z.object({ id: z.string() }),
      response: { 204: z.undefined().describe('Taken back'), ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const gone = await persons.withdrawInvitation(workspaceOf(request).id, request.params.id, authorityOf(request));
      return isRefusal(gone) ? sendRefusal(request, reply, gone) : reply.code(204).send();
    },
  });
}

function registerAccept(app: App, deps: AccountDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'POST',
    url: '/api/members/invitations/:id/accept',
    config: { access: 'signed_in' },
    schema: {
      tags,
      summary: 'Accepts an invitation sent to the e-mail address of this session, and switches to its workspace',
      params: z.object({ id: z.string() }),
      response: { 200: invitationSchema, ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const accepted = await persons.acceptInvitation(request.params.id, personOf(request));
      return isRefusal(accepted) ? sendRefusal(request, reply, accepted) : reply.send(wireInvitation(accepted));
    },
  });
}

function wireMember(member: Member): z.infer<typeof memberSchema> {
  return { ...member, joined_at: member.joined_at.toString() };
}

export function wireInvitation({ id, email, role: as, invited_at, expires_at }: Invitation): z.infer<typeof invitationSchema> {
  return { id, email, role: as, invited_at: invited_at.toString(), expires_at: expires_at.toString() };
}
