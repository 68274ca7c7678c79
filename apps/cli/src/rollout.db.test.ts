import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { loadCatalog } from '@purser/catalog';
import { MIGRATIONS, type RunningServer, startServer } from '@purser/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const BIN = path.join(ROOT, 'apps', 'cli', 'bin', 'purser.mjs');
const ADMIN_TOKEN = 'the-admin-token-of-this-test';

let folder: string;
let current: string;
let proposed: string;
let database: TestDatabase;
let server: RunningServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-rollout-'));
  await cp(path.join(ROOT, 'catalogs'), folder, { recursive: true });
  current = path.join(folder, 'default.yaml');
  proposed = path.join(folder, 'proposed.yaml');
  await writeFile(proposed, (await readFile(current, 'utf8')).replace('credits_monthly: 1500', 'credits_monthly: 2'));
  database = await createTestDatabase(MIGRATIONS.slice(1));
  server = await startServer({
    settings: parseSettings({ PORT: '0' }),
    database_url: database.url,
    admin_token: ADMIN_TOKEN,
    catalog: await loadCatalog(current),
    log: createLog({ level: 'silent' }),
  });
  const { key } = (await post('/api/admin/workspaces', ADMIN_TOKEN, { name: 'Test', plan: 'PRO' })) as { key: string };
  for (const prompt of ['one', 'two', 'three']) await post('/api/ai/generate', key, { operation: 'chat', prompt });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function post(url: string, key: string, body: object): Promise<unknown> {
  const response = await fetch(server.address + url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function purser(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [BIN, ...words], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', PURSER_DATA: 'data', PURSER_CATALOG: current, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

describe('purser plans replay (C13)', () => {
  it('prints margin and refusals of the recorded calls, before and after', async () => {
    const { code, out, err } = await purser('plans', 'replay', proposed, '--days', '1');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/at the prices each call had: what was sold \(before\), default@[0-9a-f]{12} \(after\)/);
    expect(out).toMatch(/PRO +before +1 +3 +0 +0 +0 +3 +0 +15\.99 EUR +0 EUR +0\.000\d+ EUR +15\.98\d+ EUR +99\.9\d{3} %/);
    expect(out).toMatch(/PRO +after +1 +2 +credits_exhausted 1 +0 +0 +2 +0 +15\.99 EUR/);
  });

  it('prints what the books say of the same time, and what was assumed', async () => {
    const { out } = await purser('plans', 'replay', current, '--days', '1', '--prices', 'now');
    expect(out).toMatch(/PRO +books( +–){7} +15\.99 EUR +0 EUR +0\.000\d+ EUR/);
    expect(out).toMatch(/assumed:\n- plan, version, time zone and overrides of each workspace are those of that moment/);
    const odd = await purser('plans', 'replay', current, '--prices', 'soon');
    expect([odd.code, odd.err]).toEqual([
      1,
      'purser: --prices: want then, now or an instant such as 2027-01-01T00:00:00Z, got soon\n',
    ]);
  });

  it('says what it wants for a number of days that is none', async () => {
    const { code, err } = await purser('plans', 'replay', proposed, '--days', 'many');
    expect([code, err]).toEqual([1, 'purser: --days: want 1 to 3660, got many\n']);
  });
});

describe('purser rollout (C13)', () => {
  it('starts, moves, shows and takes back', async () => {
    const unasked = await purser('rollout', 'start', proposed, '--share', '0.25');
    expect([unasked.code, unasked.err]).toEqual([
      1,
      expect.stringMatching(
        /^25 % of the subscribers move to these plans within a second.*\nContinue\? Type yes: .*nothing was done.*--yes/s,
      ),
    ]);
    expect((await purser('rollout', 'show')).out).toBe('');
    const started = await purser('rollout', 'start', proposed, '--share', '0.25', '--yes');
    expect([started.code, started.err]).toEqual([0, '']);
    expect(started.out).toMatch(/^[0-9a-f-]{36} {2}default@\w+ → default@\w+ {2}running {2}25 % {2}since 20/);
    const id = started.out.slice(0, 36);
    expect((await purser('rollout', 'move', id, 'complete', '--yes')).out).toContain('  completed  100 %');
    const shown = await purser('rollout', 'show', id);
    expect(shown.out).toMatch(/treatment: \d workspaces?, \d calls, refused/);
    expect((await purser('rollout', 'move', id, 'roll-back', '--yes')).out).toContain('  rolled_back  ');
    const odd = await purser('rollout', 'move', id, 'half', '--yes');
    expect([odd.code, odd.err]).toEqual([1, 'purser: want a share from 0 to 1, complete or roll-back; got half\n']);
  }, 120_000);
});

describe('purser gifts', () => {
  it('lists what was given and takes back what is unspent, once somebody agrees', async () => {
    const made = (await post('/api/admin/workspaces', ADMIN_TOKEN, { name: 'Gifted', plan: 'PRO', external_id: 'gifted' })) as {
      id: string;
    };
    const given = (await post('/api/admin/credits/gift', ADMIN_TOKEN, {
      workspace_id: made.id,
      credits: 70,
      reason: 'sorry',
    })) as {
      grant_id: string;
    };
    const listed = await purser('gifts', 'list', 'gifted');
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(listed.out).toMatch(/70 credits: 0 spent, 0 held, 70 left {2}sorry\n$/);
    const take = ['gifts', 'take-back', given.grant_id, '--reason', 'twice'];
    const unasked = await purser(...take);
    expect([unasked.code, unasked.out]).toEqual([1, '']);
    expect(await purser(...take, '--yes')).toMatchObject({ code: 0, out: `70 credits taken back from workspace ${made.id}\n` });
    expect((await purser('gifts', 'list', 'gifted')).out).toContain(' 0 left ');
    const none = await purser('gifts', 'take-back', 'none', '--reason', 'x', '--yes');
    expect([none.code, none.err]).toEqual([1, 'purser: there is no gift none\n']);
  });
});
