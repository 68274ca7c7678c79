import { counterSchema, instantSchema, pageQuery, uuidSchema } from '@purser/api';
import { doneWithin, isRefusal, type Refusal, refuse } from '@purser/core';
import {
  type App,
  callerSignal,
  counter,
  cursorOf,
  omitUndefined,
  problems,
  sendChunks,
  sendRefusal,
  workspaceOf,
} from '@purser/http';
import { cancelJob, isEnded, type Job, JOB_STATUSES, type JobWatcher, LANES, listJobs, readJob } from '@purser/jobs';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { AccountDeps } from './deps.ts';

export const jobSchema = z.object({
  id: uuidSchema,
  workspace_id: uuidSchema,
  kind: z.string(),
  lane: z.enum(LANES),
  status: z.enum(JOB_STATUSES),
  progress: z.object({ done: counterSchema, total: counterSchema.nullable() }),
  attempts: z.int().describe('How often it was begun.'),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.string(), detail: z.string().nullable() })
    .optional()
    .describe('Why it failed, or why it is tried again.'),
  run_at: instantSchema.describe('Not before.'),
  created_at: instantSchema,
  ended_at: instantSchema.nullable(),
});

const params = z.object({ id: z.string().max(100) });
const tags = ['Jobs'];
const config = { access: 'workspace' } as const;
const PAGE = 50;

/** The jobs of the caller's workspace: looked at, followed, cancelled. */
export function registerJobs(app: App, deps: AccountDeps): void {
  registerList(app, deps);
  registerRead(app, deps);
  registerEvents(app, deps);
  registerCancel(app, deps);
}

function wireJob(job: Job): z.infer<typeof jobSchema> {
  return {
    id: job.id,
    workspace_id: job.workspace,
    kind: job.kind,
    lane: job.lane,
    status: job.status,
    progress: { done: counter(job.progress_done), total: job.progress_total === null ? null : counter(job.progress_total) },
    attempts: job.attempts,
    ...(job.result !== null && { result: job.result }),
    ...(job.error_code !== null && { error: { code: job.error_code, detail: job.error_detail } }),
    run_at: job.run_at.toString(),
    created_at: job.created_at.toString(),
    ended_at: job.ended_at?.toString() ?? null,
  };
}

/** A page of jobs, and where the next one begins. */
export function wirePage(jobs: readonly Job[], limit: number): { jobs: z.infer<typeof jobSchema>[]; next_cursor: string | null } {
  return { jobs: jobs.map(wireJob), next_cursor: jobs.length < limit ? null : (jobs.at(-1)?.id ?? null) };
}

export const jobPageSchema = z.object({ jobs: z.array(jobSchema), next_cursor: z.string().nullable() });
export const jobQuery = {
  ...pageQuery,
  cursor: uuidSchema.optional(),
  status: z.enum(JOB_STATUSES).optional(),
  lane: z.enum(LANES).optional(),
  kind: z.string().max(60).optional(),
};

function registerList(app: App, { pool }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/jobs',
    config,
    schema: {
      tags,
      summary: 'The jobs of the workspace, the newest first',
      querystring: z.object(jobQuery),
      response: { 200: jobPageSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { limit = PAGE, status, lane, kind } = request.query;
      const before = cursorOf(request.query) ?? undefined;
      const workspace = workspaceOf(request).id;
      const jobs = await listJobs(pool, { workspace, limit, ...omitUndefined({ status, lane, kind, before }) });
      return reply.send(wirePage(jobs, limit));
    },
  });
}

function registerRead(app: App, { pool }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/jobs/:id',
    config,
    schema: { tags, summary: 'A job, and how far it has come', params, response: { 200: jobSchema, ...problems(401, 403, 404) } },
    handler: async (request, reply) => {
      const job = await readJob(pool, workspaceOf(request).id, request.params.id);
      return isRefusal(job) ? sendRefusal(request, reply, job) : reply.send(wireJob(job));
    },
  });
}

function registerEvents(app: App, { pool, jobWatcher }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/jobs/:id/events',
    config,
    schema: {
      tags,
      summary: 'A job as server-sent events: as it is, after every change, and at its end',
      description:
        'Each event is named `job` and holds the job; its id is a number that grows. A client that comes back with `Last-Event-ID` (an ' +
        'EventSource does so by itself) is told nothing twice. The stream ends with the job.',
      params,
      response: { ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const seen = lastEventOf(request);
      if (isRefusal(seen)) return sendRefusal(request, reply, seen);
      if (!jobWatcher.hasRoom()) {
        return sendRefusal(
          request,
          reply,
          refuse('overloaded', 'too many jobs are followed at this server', { retryAfterSeconds: 5 }),
        );
      }
      const job = await readJob(pool, workspaceOf(request).id, request.params.id);
      if (isRefusal(job)) return sendRefusal(request, reply, job);
      await sendChunks(reply, events(jobWatcher, job, seen, callerSignal(reply)));
      return reply;
    },
  });
}

/** Comments keep proxies from closing a stream on which nothing happens. */
const ALIVE = ': still here\n\n';
const ALIVE_EVERY_MS = 15_000;

async function* events(watcher: JobWatcher, job: Job, seen: bigint, signal: AbortSignal): AsyncGenerator<string> {
  if (job.version > seen) yield eventOf(job);
  if (isEnded(job)) return;
  const changes = watcher.watch(job.id, job.version, signal);
  try {
    let next = changes.next();
    for (;;) {
      if (!(await doneWithin(next, ALIVE_EVERY_MS))) {
        yield ALIVE;
        continue;
      }
      const change = await next;
      if (change.done === true) return;
      yield eventOf(change.value);
      next = changes.next();
    }
  } finally {
    await changes.return(undefined);
  }
}

function eventOf(job: Job): string {
  return `id: ${job.version}\nevent: job\ndata: ${JSON.stringify(wireJob(job))}\n\n`;
}

function lastEventOf({ headers }: FastifyRequest): bigint | Refusal {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return 0n;
  if (typeof given === 'string' && /^\d{1,18}$/.test(given)) return BigInt(given);
  return refuse('invalid_request', 'Last-Event-ID: want the id of an event of this stream, a whole number');
}

function registerCancel(app: App, { pool, clock }: AccountDeps): void {
  app.route({
    method: 'POST',
    url: '/api/jobs/:id/cancel',
    config,
    schema: {
      tags,
      summary: 'Cancels a job: one that waits never begins, one that runs is asked to end',
      params,
      response: { 200: jobSchema, ...problems(401, 403, 404) },
    },
    handler: async (request, reply) => {
      const job = await cancelJob(pool, clock, workspaceOf(request).id, request.params.id);
      return isRefusal(job) ? sendRefusal(request, reply, job) : reply.send(wireJob(job));
    },
  });
}
