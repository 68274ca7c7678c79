import { RefusalError, refuse } from '@purser/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callerOf, workspaceOf, authorityOf, personOf, namedWorkspace, problems, type App } from '@purser/http';

import { exportArchive, type ExportSubject } from '../export.ts';
import type { PrivacyRoutesDeps } from './deps.ts';

/** Everything that is kept of a subject, as one ZIP archive that is written while it is read. */
export function registerExports(app: App, deps: PrivacyRoutesDeps): void {
  const tags = ['Privacy'];
  const description =
    'A ZIP archive: README.txt, one .jsonl file a kind of rows, and manifest.json with their counts and SHA-256.';
  const response = { 200: z.any().describe('application/zip'), ...problems(400, 401, 403, 404, 503) };
  app.route({
    method: 'GET',
    url: '/api/workspace/export',
    config: { access: 'manager' },
    schema: { tags, summary: 'All data of the workspace; for its owners', description, response },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      if (authorityOf(request).role !== 'owner')
        throw new RefusalError(refuse('forbidden', 'only an owner can export the workspace'));
      return sendArchive(request, reply, deps, { workspace: id });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/persons/me/export',
    config: { access: 'signed_in' },
    schema: {
      tags,
      summary: 'All data of the person who is signed in; each workspace has an export of its own',
      description,
      response,
    },
    handler: async (request, reply) => {
      const { id, email } = personOf(request);
      return sendArchive(request, reply, deps, { person: id, email });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/admin/workspaces/:id/export',
    config: { access: 'admin' },
    schema: { tags, summary: 'All data of a workspace', description, params: z.object({ id: z.string() }), response },
    handler: async (request, reply) => {
      const { id } = await namedWorkspace(deps, request.params.id);
      deps.log.info({ workspace: id, actor: callerOf(request).actor }, 'a workspace is exported');
      return sendArchive(request, reply, deps, { workspace: id });
    },
  });
}

function sendArchive(
  { view }: FastifyRequest,
  reply: FastifyReply,
  { pool, clock, log }: PrivacyRoutesDeps,
  subject: ExportSubject,
): FastifyReply {
  const id = 'workspace' in subject ? subject.workspace : subject.person;
  const archive = exportArchive(pool, clock.now(), subject, view);
  // The status has gone out by then; the archive ends without its directory, and no program takes it for whole.
  archive.once('error', (err) => log.warn({ err }, 'an export ended early'));
  return reply
    .type('application/zip')
    .serializer((payload) => payload as never)
    .header('content-disposition', `attachment; filename="purser-export-${id}.zip"`)
    .header('cache-control', 'no-store')
    .send(archive);
}
