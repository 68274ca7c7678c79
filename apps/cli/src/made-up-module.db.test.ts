import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { scratchFolder } from '@purser/embedded';
import { createLog } from '@purser/log';
import { migrationsOf, provenCatalog, type RunningServer, startServer } from '@purser/server';
import { MODULES } from '@purser/server/modules';
import { parseSettings } from '@purser/settings';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { buildProgram } from './program.ts';
import { notes, notesSettings } from './testing/notes/module.ts';

/*
 * A product is turned on by one line in the list of modules. This one is made up: it brings a table, settings, a quota, codes of refusals,
 * a kind of alert, an endpoint, a task, a kind of job, background work, a command and a page, through the entry points of packages, and
 * nothing else is touched.
 */

const TOKEN = 'test-admin-token';
const CATALOGS = new URL('../../../catalogs/', import.meta.url).pathname;
const modules = [...MODULES, notes];
const CHECKER =
  '  - { id: checker/one, provider: checker, name: one, version: 1.0.0, task: note_check, class: small, price: checker/one, context_tokens: 1, output_tokens_max: 0 }';
const CHECKS_COST = '  - { key: checker/one, currency: USD, from: 2026-01-01, each: { note: 0.0125 } }';
const CHECKING =
  '  - { name: check, task: note_check, feature: ai, output_tokens_default: 0, credits_min: 1, classes: { simple: [small], medium: [small], complex: [small] } }';

interface Answered {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

let database: TestDatabase;
let folder: string;
let running: RunningServer;
let environment: Record<string, string>;
let workspace: { readonly id: string; readonly key: string };
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  const [, ...migrations] = migrationsOf(modules);
  database = await createTestDatabase(migrations);
  opened.defer(() => database.drop());
  folder = opened.use(await scratchFolder()).folder;
  await cp(CATALOGS, folder, { recursive: true });
  const catalog_file = await writeCatalog();
  environment = {
    PORT: '0',
    PURSER_CATALOG: catalog_file,
    PURSER_TEST_CLOCK: suiteClock().now().toString(),
    NOTES_FORBIDDEN_WORD: 'whale',
  };
  const settings = parseSettings(environment, [notesSettings]);
  const log = createLog({ level: 'silent' });
  const catalog = await provenCatalog(settings, suiteClock().now(), log, modules);
  running = await startServer({ settings, database_url: database.url, admin_token: TOKEN, catalog, log, modules });
  opened.defer(() => running.stop());
  const made = await ask('/api/admin/workspaces', { key: TOKEN, body: { name: 'Notes', plan: 'PRO' } });
  workspace = { id: String(made.json['id']), key: String(made.json['key']) };
});
afterAll(() => opened.disposeAsync());
afterEach(() => vi.unstubAllEnvs());

/** Every plan with quotas may write two notes a day, and PRO may have them checked. */
async function writeCatalog(): Promise<string> {
  const changes: [file: string, change: (text: string) => string][] = [
    ['models.yml', (text) => text.replace('providers: [', 'providers: [checker, ').replace(/^models:$/m, `models:\n${CHECKER}`)],
    ['provider_costs.yml', (text) => text.replace(/^prices:$/m, `prices:\n${CHECKS_COST}`)],
    [
      'default.yaml',
      (text) =>
        text
          .replaceAll(/^( {4}quotas: \{ )/gm, '$1notes_day: 2, ')
          .replace('speech: [openai, xtts], transcription: [openai]', 'note_check: [checker], $&')
          .replace(/^operations:$/m, `operations:\n${CHECKING}`),
    ],
  ];
  for (const [file, change] of changes) {
    const text = await readFile(path.join(folder, file), 'utf8');
    await writeFile(path.join(folder, file), change(text));
  }
  return path.join(folder, 'default.yaml');
}

async function ask(url: string, { key, body }: { key?: string; body?: object } = {}): Promise<Answered> {
  const response = await fetch(running.address + url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
async function freeKey(): Promise<string> {
  const made = await ask('/api/admin/workspaces', { key: TOKEN, body: { name: 'Free', plan: 'FREE' } });
  return String(made.json['key']);
}
const write = (text: string): Promise<Answered> => ask('/api/notes', { key: workspace.key, body: { text } });

describe('a product module that is made up', () => {
  test('serves its endpoint from its own table, within the plan’s quota of its own, and refuses by its own code', async () => {
    expect((await write('one')).status).toBe(201);
    expect((await write('two')).status).toBe(201);
    expect(await write('three')).toMatchObject({
      status: 429,
      json: { code: 'notebook_full', title: 'No more notes today', detail: '2 notes a day are in your plan' },
    });
    const { rows } = await database.pool.query('select text from notes.note order by note_id');
    expect(rows).toEqual([{ text: 'one' }, { text: 'two' }]);
    const usage = await ask('/api/usage', { key: workspace.key });
    expect(usage.json['meters']).toContainEqual(expect.objectContaining({ key: 'notes_day', unit: 'note', cap: 2, used: 2 }));
  });

  test('its codes are described where those of the platform are', async () => {
    expect(await ask('/problems/note_forbidden')).toMatchObject({
      status: 200,
      json: { status: 422, title: 'The note holds a forbidden word' },
    });
    const { json } = await ask('/api/openapi.json');
    const { responses } = (
      json['paths'] as Record<string, Record<string, { responses: Record<string, { description: string }> }>>
    )['/api/notes']!['post']!;
    expect(responses['429']!.description).toContain('`notebook_full`');
    expect(responses['422']!.description).toContain('`note_forbidden`');
  });

  test('a setting of its own decides, and its kind of alert is raised, listed, filtered by and subscribed to', async () => {
    expect(await write('a whale')).toMatchObject({ status: 422, json: { code: 'note_forbidden' } });
    const alerts = await ask('/api/alerts?kind=note_forbidden', { key: workspace.key });
    expect(alerts.json['alerts']).toMatchObject([{ kind: 'note_forbidden', title: 'A forbidden word', severity: 'warning' }]);
    const kinds = await ask('/api/alerts/kinds', { key: workspace.key });
    expect(kinds.json['kinds']).toContainEqual({ kind: 'note_forbidden', title: 'Somebody tried to write a forbidden word' });
    expect(await ask('/api/alerts?kind=note_lost', { key: workspace.key })).toMatchObject({
      status: 400,
      json: { detail: expect.stringMatching(/"kind": want one of threshold, .*, note_forbidden, got "note_lost"/) as string },
    });
  });

  test('a wrong setting of its own stops the start in the one line of all', () => {
    expect(() => parseSettings({ ...environment, NOTES_CHARS_MAX: 'many' }, [notesSettings])).toThrow(
      'wrong setting: NOTES_CHARS_MAX: got "many", want a whole number from 1 to 1000',
    );
  });

  test('its task is bought through the gate: at the price of the catalog, for credits, booked like any other call', async () => {
    expect(await ask('/api/notes/check', { key: workspace.key, body: { text: 'Buy rye at six.' } })).toMatchObject({
      status: 200,
      json: { words: 4, cost: { amount: '0.0125', currency: 'USD' } },
    });
    const calls = await ask('/api/calls', { key: workspace.key });
    expect(calls.json['calls']).toMatchObject([{ operation: 'check', provider: 'checker', model: 'one' }]);
    expect((await ask('/api/usage', { key: workspace.key })).json['credits']).toMatchObject({ balance: 1_498 });
    const refused = await ask('/api/notes/check', { key: await freeKey(), body: { text: 'Buy rye.' } });
    expect(refused).toMatchObject({ status: 409, json: { code: 'no_model_allowed' } });
    expect((await ask('/api/admin/ledger/verify', { key: TOKEN })).json).toMatchObject({ balanced: true, mismatches: [] });
  });

  test('its page is in the navigation of those it is for', async () => {
    const page = { path: '/notes', label: 'Notes', for: 'workspace', module: 'notes' };
    expect((await ask('/api/pages', { key: workspace.key })).json['pages']).toContainEqual(page);
    expect((await ask('/api/pages', { key: TOKEN })).json['pages']).not.toContainEqual(page);
  });

  test('its job is put in by its endpoint, done by a worker, followed to its end, and what fails can be put in again', async () => {
    const made = await ask('/api/notes/rewrite', { key: workspace.key, body: { word: 'one', by: 'first' } });
    expect(made.status).toBe(202);
    const { job_id } = made.json as { job_id: string };
    const events = await fetch(`${running.address}/api/jobs/${job_id}/events`, {
      headers: { authorization: `Bearer ${workspace.key}` },
    });
    const told = (await events.text()).split('\n\n').filter((event) => event.startsWith('id: '));
    expect(told.at(-1)).toContain('"status":"succeeded"');
    expect(await ask(`/api/jobs/${job_id}`, { key: workspace.key })).toMatchObject({
      status: 200,
      json: {
        kind: 'notes_rewrite',
        lane: 'high',
        status: 'succeeded',
        progress: { done: 1, total: 1 },
        result: { rewritten: 1 },
      },
    });
    const last = told.at(-1)?.match(/^id: (\d+)/)?.[1] ?? '';
    const again = await fetch(`${running.address}/api/jobs/${job_id}/events`, {
      headers: { authorization: `Bearer ${workspace.key}`, 'last-event-id': last },
    });
    expect(await again.text()).toBe('');

    const failing = await ask('/api/notes/rewrite', { key: workspace.key, body: { word: 'a', by: 'aa' } });
    const failing_id = String(failing.json['job_id']);
    await expect
      .poll(async () => (await ask(`/api/jobs/${failing_id}`, { key: workspace.key })).json)
      .toMatchObject({ status: 'failed', error: { code: 'endless', detail: 'the new word holds the old one' } });
    const failed = await ask('/api/admin/jobs?status=failed', { key: TOKEN });
    expect(failed.json['jobs']).toMatchObject([{ id: failing_id, workspace_id: workspace.id }]);
    expect(await ask('/api/admin/jobs/retry', { key: TOKEN, body: { ids: [failing_id, job_id] } })).toMatchObject({
      json: { retried: 1 },
    });
    await expect.poll(async () => (await ask(`/api/jobs/${failing_id}`, { key: workspace.key })).json['status']).toBe('failed');
    expect((await ask('/api/admin/lanes', { key: TOKEN })).json['lanes']).toContainEqual(
      expect.objectContaining({ lane: 'high', waiting: 0 }),
    );
    expect(await (await fetch(`${running.address}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text()).toMatch(
      /purser_job_failures_total\{kind="notes_rewrite"\} 2/,
    );
    await database.pool.query(`update notes.note set text = replace(text, 'first', 'one')`);
  });

  test('its background work runs on the server', async () => {
    await database.pool.query(
      `insert into notes.note (workspace_id, note_id, text, written_at) values ($1, gen_random_uuid(), '-', now())`,
      [workspace.id],
    );
    await expect.poll(async () => (await database.pool.query(`select from notes.note where text = '-'`)).rowCount).toBe(0);
  });

  test('its command runs beside the server, with its arguments and options', async () => {
    for (const [name, value] of Object.entries({ ...environment, DATABASE_URL: database.url })) vi.stubEnv(name, value);
    const said: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
    await buildProgram(modules).parseAsync(['node', 'purser', 'notes', 'count', workspace.id]);
    await buildProgram(modules).parseAsync(['node', 'purser', 'notes', 'count', workspace.id, '--containing', 'tw']);
    vi.restoreAllMocks();
    expect(said).toEqual(['2 notes', '1 notes']);
  });

  test('without its line in the list nothing of it is there', async () => {
    const plain = parseSettings({ ...environment, PURSER_CATALOG: path.join(CATALOGS, 'default.yaml') });
    expect(() => plain.of(notesSettings)).toThrow('the settings NOTES_CHARS_MAX, NOTES_FORBIDDEN_WORD were not read');
    const log = createLog({ level: 'silent' });
    await expect(provenCatalog(parseSettings(environment), suiteClock().now(), log)).rejects.toThrow(/note_check/);
    expect(buildProgram().commands.map((command) => command.name())).not.toContain('notes');
  });
});
