import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { MIGRATIONS } from '@purser/server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const BIN = path.join(ROOT, 'apps', 'cli', 'bin', 'purser.mjs');
const CATALOGS = path.join(ROOT, 'catalogs');
const SHIPPED = (await readdir(CATALOGS)).filter((name) => name.endsWith('.yaml'));

/** Plans, operations and features that no catalog of ours has. */
const FOREIGN = `
name: foreign
fx: { as_of: 2026-11-01, buffer: 0.02, rates: { USD/EUR: 0.94 } }
credit: { cost: 0.01 USD }
license: { grace_days: 14, degrade: [poems] }
operations:
  - name: haiku
    feature: poems
    output_tokens_default: 200
    classes: { simple: [small], medium: [small, medium], complex: [medium] }
    credits_min: 1
    description: Writes a haiku.
    example: "The gardener's shed, in autumn"
  - name: epic
    feature: poems
    output_tokens_default: 1000
    classes: { simple: [small], medium: [small, medium], complex: [medium] }
    credits_min: 1
    description: Writes an epic.
plans:
  - code: SEEDLING
    name: Seedling
    price: 0 EUR
    margin: 0.15
    features: []
    credits_monthly: 0
    concurrency: 1
    rate: { rps: 1, rpm: 10, burst: 2 }
    request: { output_tokens_max: 0, credits_max: 0, input_chars_max: 1000 }
    priority: low
  - code: TREE
    name: Tree
    price: 9 EUR
    margin: 0.15
    features: [poems]
    operations: [haiku]
    credits_monthly: 300
    overrun_reserve: 0.50 EUR
    concurrency: 4
    rate: { rps: 5, rpm: 60, burst: 10 }
    request: { output_tokens_max: 1000, credits_max: 10, input_chars_max: 10000 }
    model_policy: { defaultRouting: latest, providers: { text: [gemini] } }
    priority: standard
    offline_stand_in: offline/stand-in
`;

/** The same without anything that a prompt could ask for. */
const WITHOUT_AI = FOREIGN.replace('name: foreign', 'name: without-ai')
  .replace(/ {2}- code: TREE[\s\S]*/, '')
  .replace(/ {2}- name: epic[\s\S]*?(?=plans:)/, '')
  .replace('name: haiku', 'name: hum\n    task: speech')
  .replaceAll('poems', 'voice')
  .replace('features: []', 'features: [voice]');

let folder: string;
let catalogs: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-catalogs-'));
  catalogs = path.join(folder, 'catalogs');
  await cp(CATALOGS, catalogs, { recursive: true });
  await writeFile(path.join(catalogs, 'foreign.yaml'), FOREIGN);
  await writeFile(path.join(catalogs, 'without-ai.yaml'), WITHOUT_AI);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** By data folder, as the embedded databases would be, which take a while to be made. */
const databases = new Map<string, TestDatabase>();
afterAll(() => Promise.all([...databases.values()].map((database) => database.drop())));

let child: ChildProcess | undefined;
afterEach(async () => {
  if (child === undefined || child.exitCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGINT');
  await closed;
});

interface Up {
  readonly address: string;
  readonly admin_token: string;
  readonly data: string;
  /** The command that it printed. */
  readonly command: string;
}

async function up(catalog: string, data: string): Promise<Up> {
  await mkdir(data, { recursive: true });
  const database = databases.get(data) ?? (await createTestDatabase(MIGRATIONS.slice(1), 1));
  databases.set(data, database);
  const said = { out: '', err: '' };
  child = spawn(process.execPath, [BIN, 'up'], {
    cwd: folder,
    env: {
      PATH: '/usr/bin:/bin',
      PORT: '0',
      PURSER_DATA: data,
      PURSER_CATALOG: path.join(catalogs, catalog),
      DATABASE_URL: database.url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', (chunk: Buffer) => (said.out += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (said.err += chunk.toString('utf8')));
  await expect
    .poll(() => (child?.exitCode === null ? said.out : `ended: ${said.err}`), { timeout: 60_000 })
    .toMatch(/Ctrl-C stops everything|^ended/);
  expect(said.err).toBe('');
  const named = (name: string): string => new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(said.out)?.[1] ?? '';
  const command = /try it:\n([\s\S]*?)\n\n/.exec(said.out)?.[1] ?? '';
  return { address: named('web'), admin_token: named('admin token'), data, command };
}

/** What a shell makes of a command. A plan may want some seconds between two calls. */
async function shell(command: string): Promise<unknown> {
  const ran = spawn('/bin/sh', ['-c', command], { cwd: folder, env: { PATH: '/usr/bin:/bin' } });
  let out = '';
  ran.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  await once(ran, 'close');
  const answer = JSON.parse(out) as { code?: string; retry_after?: number };
  if (answer.code !== 'min_gap') return answer;
  await delay((answer.retry_after ?? 1) * 1_000);
  return shell(command);
}

async function asked<Answer>(url: string, key: string, body?: object): Promise<Answer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.status === 429) {
    await delay(Number(response.headers.get('retry-after')) * 1_000);
    return asked(url, key, body);
  }
  expect([url, response.status < 300, response.ok ? '' : await response.clone().text()]).toEqual([url, true, '']);
  return (await response.json()) as Answer;
}

interface Operation {
  readonly name: string;
  readonly task: string;
  readonly description?: string;
  readonly example?: string;
  readonly available?: boolean;
}

describe('purser up', { timeout: 120_000 }, () => {
  it.each([...SHIPPED, 'foreign.yaml'])(
    'with %s: the call it prints works, and so does all that the page makes of it',
    async (catalog) => {
      const { address, admin_token, command, data } = await up(catalog, path.join(folder, `data-${catalog}`));
      expect(await shell(command.replace('curl', 'curl -s'))).toMatchObject({
        output: expect.stringMatching(/./) as string,
        offline: true,
      });

      // The README's call, out of the file that the guides read.
      const file = path.join(data, 'demo.env');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const call = `curl -s "$PURSER_URL/api/ai/generate" -H "authorization: Bearer $PURSER_KEY" -H 'content-type: application/json' -d "$PURSER_CALL"`;
      expect(await shell(`. ${file}; ${call}`)).toMatchObject({ finish: expect.any(String) as string });
      const key = (await readFile(path.join(data, 'demo-key'), 'utf8')).trim();
      const chat = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] };
      expect(await asked(`${address}/v1/chat/completions`, key, chat)).toMatchObject({ object: 'chat.completion' });

      // The page: a workspace on each plan that is for sale, and the first operation that its plan has.
      const plans = await asked<{ code: string; negotiable: boolean }[]>(`${address}/api/plans`, admin_token);
      for (const { code } of plans) {
        const made = await asked<{ key: string }>(`${address}/api/admin/workspaces`, admin_token, { name: 'Page', plan: code });
        const operations = await asked<Operation[]>(`${address}/api/operations`, made.key);
        const first = operations.find(({ task, available }) => task === 'text' && available === true);
        if (first === undefined) continue;
        await asked(`${address}/api/ai/generate`, made.key, { operation: first.name, prompt: first.example ?? 'Hello' });
      }
      const shown = await asked<Operation[]>(`${address}/api/operations`, key);
      expect(shown.filter(({ description }) => description === undefined)).toEqual([]);
    },
  );

  it('with a plan that lists its operations, the others are not offered, and are refused', async () => {
    const { address } = await up('foreign.yaml', path.join(folder, 'data-foreign.yaml'));
    const key = (await readFile(path.join(folder, 'data-foreign.yaml', 'demo-key'), 'utf8')).trim();
    const operations = await asked<Operation[]>(`${address}/api/operations`, key);
    expect(operations.map(({ name, available }) => [name, available])).toEqual([
      ['haiku', true],
      ['epic', false],
    ]);
    const refused = await fetch(`${address}/api/ai/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ operation: 'epic', prompt: 'Sing' }),
    });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      code: 'plan_feature_missing',
      detail: 'the plan Tree does not include epic; it includes haiku',
    });
  });

  it('with a catalog that sells nothing to ask for, prints a call that works', async () => {
    const { command } = await up('without-ai.yaml', path.join(folder, 'data-none'));
    expect(await shell(command.replace('curl', 'curl -s'))).toMatchObject({ plan: 'SEEDLING' });
  });

  it('with another catalog on the same data, makes a demo that can ask for what is sold now, and leaves the first as it was', async () => {
    const data = path.join(folder, 'data-default.yaml');
    const { command, address, admin_token } = await up('business-suite.yaml', data);
    expect(await shell(command.replace('curl', 'curl -s'))).toMatchObject({ offline: true });
    const first = await asked<{ plan: string }>(`${address}/api/admin/workspaces/demo`, admin_token);
    expect(first.plan).toBe('PRO');
  });
});
