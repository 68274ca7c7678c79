import { amountSchema, asCost, instantSchema, uuidSchema } from '@purser/api';
import { isRefusal, type Refusal, refuse } from '@purser/core';
import { newId, transaction, workspaceTransaction } from '@purser/database';
import { type App, callerOf, callerSignal, problems, sendRefusal, workspaceOf } from '@purser/http';
import type { Workspace } from '@purser/identity';
import { toWire } from '@purser/money';
import { raise } from '@purser/notify';
import { quotaMeter } from '@purser/policy';
import { z } from 'zod';

import type { Checked } from './check-task.ts';
import type { NotesDeps } from './deps.ts';
import { notesRefusals, notesSettings } from './module.ts';

const noteSchema = z.object({ id: uuidSchema, text: z.string(), written_at: instantSchema });
const { codes } = notesRefusals;

export function registerNotes(app: App, deps: NotesDeps): void {
  registerWrite(app, deps);
  registerRewrite(app, deps);
  registerCheck(app, deps);
}

function registerWrite(app: App, deps: NotesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/notes',
    config: { access: 'workspace' },
    schema: {
      tags: ['Notes'],
      summary: 'Writes a note',
      body: z.strictObject({ text: z.string().min(1).max(1_000) }),
      response: { 201: noteSchema, ...problems(400, 401, 422, 429, 503) },
    },
    handler: async (request, reply) => {
      const written = await writeNote(deps, workspaceOf(request), request.body.text);
      return isRefusal(written) ? sendRefusal(request, reply, written) : reply.code(201).send(written);
    },
  });
}

/** Work that takes long is a job: the answer says where to follow it. */
function registerRewrite(app: App, { jobs }: NotesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/notes/rewrite',
    config: { access: 'workspace' },
    schema: {
      tags: ['Notes'],
      summary: 'Rewrites a word in all notes',
      body: z.strictObject({ word: z.string().min(1).max(100), by: z.string().max(100) }),
      response: { 202: z.object({ job_id: uuidSchema }), ...problems(400, 401, 503) },
    },
    handler: async (request, reply) => {
      const made = await jobs.enqueue(workspaceOf(request).id, [{ kind: 'notes_rewrite', payload: request.body }]);
      return isRefusal(made) ? sendRefusal(request, reply, made) : reply.code(202).send({ job_id: String(made[0]?.id) });
    },
  });
}

/** What costs money goes through the gate, as every task does. */
function registerCheck(app: App, { gate }: NotesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/notes/check',
    config: { access: 'workspace', spends: true },
    schema: {
      tags: ['Notes'],
      summary: 'Has a text checked',
      body: z.strictObject({ text: z.string().min(1).max(1_000) }),
      response: {
        200: z.object({ words: z.int(), cost: asCost(amountSchema) }),
        ...problems(400, 401, 402, 403, 409, 429, 502, 503),
      },
    },
    handler: async (request, reply) => {
      const spent = await gate.spend<Checked>(callerOf(request), 'note_check', { input: request.body.text }, callerSignal(reply));
      if (isRefusal(spent)) return sendRefusal(request, reply, spent);
      return reply.send({ words: spent.result.words, cost: toWire(spent.cost) });
    },
  });
}

async function writeNote(deps: NotesDeps, workspace: Workspace, text: string): Promise<z.infer<typeof noteSchema> | Refusal> {
  const { NOTES_CHARS_MAX, NOTES_FORBIDDEN_WORD } = deps.settingsOf(notesSettings);
  const now = deps.clock.now();
  if (text.length > NOTES_CHARS_MAX) return refuse('request_too_large', `want ${NOTES_CHARS_MAX} characters at most`);
  if (NOTES_FORBIDDEN_WORD !== undefined && text.includes(NOTES_FORBIDDEN_WORD)) {
    await transaction(deps.pool, (connection) =>
      raise(connection, now, [
        {
          workspace: workspace.id,
          kind: 'note_forbidden',
          subject: 'notes',
          window_start: now,
          severity: 'warning',
          title: 'A forbidden word',
          text: 'Somebody tried to write a forbidden word.',
        },
      ]),
    );
    return refuse(codes.note_forbidden, `a note may not hold ${JSON.stringify(NOTES_FORBIDDEN_WORD)}`);
  }
  const full = await takeFromQuota(deps, workspace, now);
  if (full !== undefined) return full;
  const note = { id: newId<'note'>(), text, written_at: now.toString() };
  await workspaceTransaction(deps.pool, workspace.id, (connection) =>
    connection.query('insert into notes.note (workspace_id, note_id, text, written_at) values ($1, $2, $3, $4)', [
      workspace.id,
      note.id,
      note.text,
      note.written_at,
    ]),
  );
  return note;
}

/** One note of today's, held and used at once; it costs nothing. */
async function takeFromQuota(
  { meters, policyOf }: NotesDeps,
  workspace: Workspace,
  now: Temporal.Instant,
): Promise<Refusal | undefined> {
  const policy = policyOf(workspace, now);
  const meter = quotaMeter('notes_day', policy, { now });
  if (meter === undefined) return undefined;
  const hold = newId<'hold'>();
  const nothing = { amount: 0n, unit: 'USD' };
  const held = await meters.hold({
    id: hold,
    workspace: workspace.id,
    expires_at: now.add({ minutes: 1 }),
    legs: [{ meter, amount: 1n }],
    plan: policy.plan.code,
    provider: 'notes',
    cost: nothing,
    reported: nothing,
  });
  if (held.kind === 'denied') return refuse(codes.notebook_full, `${meter.cap} notes a day are in your plan`);
  await meters.end({ kind: 'settle', hold, workspace: workspace.id, actuals: [1n], cost: 0n, reported: 0n, provider: 'notes' });
  return undefined;
}
