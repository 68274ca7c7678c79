import { jobPageSchema, jobQuery, wirePage } from '@purser/account';
import { counterSchema, uuidSchema } from '@purser/api';
import { appendAudit } from '@purser/audit';
import { PLATFORM } from '@purser/core';
import { transaction } from '@purser/database';
import { type App, callerOf, counter, cursorOf, omitUndefined, problems } from '@purser/http';
import { type JobId, LANES, laneStates, listJobs, retryJobs } from '@purser/jobs';
import { z } from 'zod';

import { wantedWorkspace } from './books.ts';
import type { ConsoleDeps } from './deps.ts';

const config = { access: 'admin' } as const;
const tags = ['Administration'];
const RETRY_MAX = 1_000;
const PAGE = 50;

/** Jobs of all workspaces, how the lanes are, and what failed put in once more. */
export function registerJobs(app: App, deps: ConsoleDeps): void {
  registerList(app, deps);
  registerLanes(app, deps);
  registerRetry(app, deps);
}

function registerList(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/jobs',
    config,
    schema: {
      tags,
      summary: 'Jobs of all workspaces, the newest first; `status=failed` are those that need a person',
      querystring: z.object({ ...jobQuery, workspace_id: z.string().max(100).optional() }),
      response: { 200: jobPageSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { limit = PAGE, status, lane, kind, workspace_id } = request.query;
      const workspace = wantedWorkspace(workspace_id) ?? undefined;
      const before = cursorOf(request.query) ?? undefined;
      const jobs = await listJobs(pool, { limit, ...omitUndefined({ workspace, status, lane, kind, before }) });
      return reply.send(wirePage(jobs, limit));
    },
  });
}

const laneSchema = z.object({
  lane: z.enum(LANES),
  waiting: counterSchema,
  running: counterSchema,
  longest_wait_seconds: z.number().nullable().describe('Of what waits now; null: nothing does.'),
  wait_p95_seconds: z.number().nullable().describe('Of what was begun in the last five minutes; null: nothing was.'),
});

function registerLanes(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/lanes',
    config,
    schema: {
      tags,
      summary: 'What waits and runs in each lane, and how long it waits',
      response: { 200: z.object({ lanes: z.array(laneSchema) }), ...problems(401, 403) },
    },
    handler: async (_, reply) => {
      const states = await laneStates(pool);
      return reply.send({
        lanes: states.map(({ lane, due, running, longest_wait_s, wait_p95_s }) => ({
          lane,
          waiting: counter(due),
          running: counter(running),
          longest_wait_seconds: longest_wait_s,
          wait_p95_seconds: wait_p95_s,
        })),
      });
    },
  });
}

function registerRetry(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/jobs/retry',
    config,
    schema: {
      tags,
      summary: 'Puts jobs that failed or were cancelled in once more, with all their attempts',
      body: z.strictObject({ ids: z.array(uuidSchema).min(1).max(RETRY_MAX) }),
      response: { 200: z.object({ retried: z.int() }), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const ids = request.body.ids as JobId[];
      const { actor } = callerOf(request);
      const retried = await transaction(pool, async (connection) => {
        const count = await retryJobs(connection, ids);
        const detail = { ids, retried: count };
        await appendAudit(connection, {
          at: clock.now(),
          actor,
          workspace: PLATFORM,
          action: 'jobs.retry',
          subject: 'jobs',
          detail,
        });
        return count;
      });
      return reply.send({ retried });
    },
  });
}
