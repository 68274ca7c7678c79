import type { QuotaDefinition } from '@purser/catalog';
import { defineRefusals } from '@purser/core';
import { defineJob } from '@purser/jobs';
import type { Module } from '@purser/module';
import { defineSettings, text, whole } from '@purser/settings';
import { z } from 'zod';

import type { NotesDeps } from './deps.ts';

/*
 * A product that is made up, as a package of its own would bring it: it imports entry points of packages and nothing else, and nothing
 * else has to know it.
 */

export const notesSettings = defineSettings({
  NOTES_CHARS_MAX: whole(1, 1_000).default(1_000),
  NOTES_FORBIDDEN_WORD: text('a word', /^\w+$/).optional(),
});

export const notesRefusals = defineRefusals({
  note_forbidden: { status: 422, title: 'The note holds a forbidden word' },
  notebook_full: { status: 429, title: 'No more notes today' },
});

const NOTES_DAY: QuotaDefinition = {
  key: 'notes_day',
  unit: 'note',
  window: 'day',
  scope: 'workspace',
  counts: ['note'],
  label: 'Notes a day',
};

export const notes: Module<NotesDeps> = {
  name: 'notes',
  migrations: { schema: 'notes', directory: new URL('./migrations/', import.meta.url) },
  settings: notesSettings,
  refusals: notesRefusals,
  alert_kinds: [{ kind: 'note_forbidden', title: 'Somebody tried to write a forbidden word', for_workspace: true }],
  quotas: [NOTES_DAY],
  tasks: [{ name: 'note_check', units: ['note'], open: async () => new (await import('./check-task.ts')).CheckTask() }],
  pages: [{ path: '/notes', label: 'Notes', for: 'workspace' }],
  async routes(app, deps) {
    (await import('./routes.ts')).registerNotes(app, deps);
  },
  jobs: [
    defineJob({
      kind: 'notes_rewrite',
      lane: 'high',
      payload: z.strictObject({ word: z.string(), by: z.string() }),
      run: async (deps: NotesDeps, job) => (await import('./rewrite-job.ts')).rewriteNotes(deps, job),
    }),
  ],
  background: [
    {
      name: 'notes',
      every_ms: 100,
      run: async ({ pool }) => (await import('./sweep.ts')).sweepNotes(pool),
      failure: 'notes could not be swept',
    },
  ],
  commands: [
    {
      name: 'notes count',
      group: 'what workspaces have noted',
      description: 'how many notes a workspace has',
      arguments: [{ name: 'workspace', description: 'its id' }],
      options: [{ flags: '--containing <text>', description: 'those with this text alone' }],
      run: async (input, context) => (await import('./count-command.ts')).countNotes(input, context),
    },
  ],
};
