import { appendAudit, type Json } from '@purser/audit';
import { isRefusal, RefusalError } from '@purser/core';
import { findPlan } from '@purser/catalog';
import { eachWorkspace, LICENSES, type Overrides, overridesSchema, type Workspace, WORKSPACE_SORTS } from '@purser/identity';
import { setByHand } from '@purser/license';
import { refuseLoss, refuseUnknown, withAcceptedLoss } from '@purser/policy';
import { agreedByHand } from '@purser/terms';
import { z } from 'zod';
import { createdWorkspaceSchema, pageQuery, workspacePageSchema, workspaceSchema } from '@purser/api';
import {
  sendRefusal,
  callerOf,
  createOnce,
  namedWorkspace,
  problems,
  omitUndefined,
  streamCsv,
  toCsv,
  type App,
  cursorOf,
} from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

/** What the licenses and overrides of this installation may be. */
const ANSWER = { license: z.enum(LICENSES), overrides: overridesSchema };
const answerSchema = workspaceSchema.extend(ANSWER);

const createdSchema = createdWorkspaceSchema.extend(ANSWER);

const name = z.string().min(1).max(200);

const config = { access: 'admin' } as const;

export function registerWorkspaces(app: App, deps: ConsoleDeps): void {
  registerCreate(app, deps);
  registerList(app, deps);
  registerRead(app, deps);
  registerChange(app, deps);
}

function registerCreate(app: App, deps: ConsoleDeps): void {
  const { identity } = deps;
  app.route({
    method: 'POST',
    url: '/api/admin/workspaces',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Creates a workspace and its first key',
      body: z.strictObject({
        name,
        plan: z.string().min(1).max(100),
        timezone: z.string().min(1).max(100).optional().describe('IANA; without it UTC.'),
        external_id: name.optional().describe('Your own name for it; requests may use either.'),
        overrides: overridesSchema.optional(),
      }),
      response: { 201: createdSchema, ...problems(400, 401, 403, 422, 503) },
    },
    handler: async (request, reply) =>
      createOnce(deps, request, reply, async (connection) => {
        const { plan, overrides = {} } = request.body;
        const refused = refuseUnknown(overrides, deps.catalog) ?? refuseLoss({ plan, overrides }, deps.catalog, deps.clock.now());
        if (refused) return refused;
        const sold = findPlan(deps.catalog, plan);
        const body = { ...request.body, ...(sold && { overrides: withAcceptedLoss(overrides, sold) }) };
        const created = await identity.createWorkspace(omitUndefined(body), connection);
        if (isRefusal(created)) return created;
        const { workspace, key } = created;
        await appendAudit(connection, {
          at: deps.clock.now(),
          actor: callerOf(request).actor,
          workspace: workspace.id,
          action: 'workspace.create',
          subject: `workspace:${workspace.id}`,
          detail: { name: workspace.name, plan: workspace.plan, external_id: workspace.external_id },
        });
        return { ...wireWorkspace(workspace), key };
      }),
  });
}

function registerList(app: App, { identity, pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/workspaces',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Workspaces, the newest first',
      querystring: z.object({
        search: z.string().max(200).optional().describe('A part of the name, or the whole of an id or external_id.'),
        plan: z.string().max(100).optional(),
        license: z.enum(LICENSES).optional(),
        sort: z.enum(WORKSPACE_SORTS).optional().describe('A minus turns the order round.'),
        format: z.enum(['json', 'csv']).default('json').describe('As CSV all pages at once.'),
        ...pageQuery,
      }),
      response: {
        200: {
          description: 'The workspaces, as wanted by `format`',
          content: {
            'application/json': {
              schema: workspacePageSchema.extend({ workspaces: z.array(answerSchema) }),
            },
            'text/csv': { schema: z.string() },
          },
        },
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { cursor: _, limit, format, ...search } = request.query;
      if (format === 'csv') return streamCsv(reply, 'workspaces', workspacesCsv(pool, omitUndefined(search)));
      const cursor = cursorOf(request.query) ?? undefined;
      const page = await identity.listWorkspaces(omitUndefined({ ...search, limit, cursor }));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({
        workspaces: page.workspaces.map(wireWorkspace),
        total: page.total,
        next_cursor: page.next_cursor,
      });
    },
  });
}

function registerRead(app: App, deps: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/workspaces/:id',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'One workspace, by its id or external_id',
      params: z.object({ id: z.string() }),
      response: { 200: answerSchema, ...problems(401, 403, 404) },
    },
    handler: async (request, reply) => reply.send(wireWorkspace(await namedWorkspace(deps, request.params.id))),
  });
}

function registerChange(app: App, deps: ConsoleDeps): void {
  const { identity } = deps;
  app.route({
    method: 'PATCH',
    url: '/api/admin/workspaces/:id',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Changes a workspace; absent members stay as they are',
      params: z.object({ id: z.string() }),
      body: z
        .strictObject({
          name: name.optional(),
          plan: z.string().min(1).max(100).optional(),
          timezone: z.string().min(1).max(100).optional(),
          external_id: name.nullable().optional(),
          license: z.enum(LICENSES).optional(),
          overrides: overridesSchema.optional().describe('Replaces all earlier overrides; {} removes them.'),
        })
        .refine(
          (body) => Object.keys(body).length > 0,
          'want at least one of name, plan, timezone, external_id, license, overrides',
        ),
      response: { 200: answerSchema, ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const workspace = await namedWorkspace(deps, request.params.id);
      const { id } = workspace;
      const { actor } = callerOf(request);
      const wanted = omitUndefined(await withLossAgreedTo(deps, workspace, request.body));
      const { license, ...change } = wanted;
      let changedTo: Workspace | undefined;
      const changed = await identity.changeWorkspace(id, change, async (connection, { before, after }) => {
        const now = deps.clock.now();
        // Inside, where plan and overrides are the ones that will stand together.
        if (change.overrides !== undefined || change.plan !== undefined) await refuseTerms(deps, after, now);
        if (change.plan !== undefined) await agreedByHand(connection, id);
        const set = license && (await setByHand(connection, now, { workspace: id, license, actor }));
        changedTo = set ? { ...after, license: set.after.license, license_since: set.after.since } : after;
        await appendAudit(connection, {
          at: now,
          actor,
          workspace: id,
          action: 'workspace.change',
          subject: `workspace:${id}`,
          detail: { before: only(wanted, before), after: only(wanted, changedTo) },
        });
      });
      if (isRefusal(changed)) return sendRefusal(request, reply, changed);
      if (license !== undefined) await deps.licenses.release(id);
      return reply.send(wireWorkspace(changedTo ?? changed.after));
    },
  });
}

/** A loss that an administrator agrees to is agreed to beside the plan that the workspace has, or gets with the same change. */
async function withLossAgreedTo<T extends { plan?: string | undefined; overrides?: Overrides | undefined }>(
  { policies, catalog, clock }: Pick<ConsoleDeps, 'policies' | 'catalog' | 'clock'>,
  workspace: Workspace,
  body: T,
): Promise<T> {
  if (body.overrides?.accepted_loss === undefined) return body;
  const plan = body.plan === undefined ? (await policies.load(workspace, clock.now())).plan : findPlan(catalog, body.plan);
  return plan ? { ...body, overrides: withAcceptedLoss(body.overrides, plan) } : body;
}

/** @throws RefusalError when the overrides name nothing there is, or could lose money on that plan and nobody agreed to it. */
async function refuseTerms(
  { policies }: Pick<ConsoleDeps, 'policies'>,
  workspace: Workspace,
  now: Temporal.Instant,
): Promise<void> {
  const { catalog } = await policies.load(workspace, now);
  const refused = refuseUnknown(workspace.overrides, catalog) ?? refuseLoss(workspace, catalog, now);
  if (refused) throw new RefusalError(refused);
}

function wireWorkspace(workspace: Workspace): z.infer<typeof answerSchema> {
  return {
    ...workspace,
    anchored_at: workspace.anchored_at.toString(),
    license_since: workspace.license_since.toString(),
    created_at: workspace.created_at.toString(),
  };
}

const CSV_COLUMNS = ['id', 'name', 'external_id', 'plan', 'license', 'timezone', 'created_at'] as const;

async function* workspacesCsv(pool: ConsoleDeps['pool'], search: Parameters<typeof eachWorkspace>[1]): AsyncGenerator<string> {
  yield toCsv(CSV_COLUMNS, []);
  for await (const workspaces of eachWorkspace(pool, search)) {
    const rows = workspaces.map(wireWorkspace).map((workspace) => CSV_COLUMNS.map((column) => workspace[column]));
    yield toCsv([], rows).slice(2);
  }
}

/** Of a workspace what the change names, for the trail. */
function only(change: object, workspace: Workspace): { readonly [key: string]: Json } {
  return Object.fromEntries(
    Object.keys(change).map((key) => [key, JSON.parse(JSON.stringify(workspace[key as keyof Workspace] ?? null)) as Json]),
  );
}
