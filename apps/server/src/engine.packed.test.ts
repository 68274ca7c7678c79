import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { startStandIn, type StandIn } from '@purser/providers/standins';
import { startTestServer, type TestServer } from './testing/index.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/* The library as npm packs it, in an empty project, on the oldest Node that it promises and on ours. */

const ENGINE = new URL('../../../engine/', import.meta.url).pathname;
/** Beside the package: what the README's examples import, and the oldest Node. */
const BESIDE = [
  'hono@4.13.19',
  'express@5.3.0',
  'fastify@5.12.8',
  'ai@7.0.173',
  '@ai-sdk/openai@4.0.118',
  'node@22.23.3',
  'typescript@7',
];
const INSTALL_MS = 600_000;
const run = promisify(execFile);

let folder: string;
let database: TestDatabase;
let upstream: StandIn;
let server: TestServer;
let key: string;
let examples: ReadonlyMap<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-packed-'));
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ENGINE, encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1);
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${packed}`, ...BESIDE], {
    cwd: folder,
    stdio: 'inherit',
  });
  const readme = await readFile(path.join(ENGINE, 'README.md'), 'utf8');
  examples = new Map([...readme.matchAll(/```js file=(\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [name, text]));
  for (const [name, text] of examples) await writeFile(path.join(folder, name), text);
  [database, upstream, server] = await Promise.all([createTestDatabase([]), startStandIn(), startTestServer()]);
  ({ key } = await server.workspace('PRO'));
}, INSTALL_MS);
afterAll(async () => {
  await Promise.all([database?.drop(), upstream?.close(), server?.close()]);
  await rm(folder, { recursive: true, force: true });
});

const NODES = [
  ['Node 22', () => path.join(folder, 'node_modules/node/bin/node')],
  ['this Node', () => process.execPath],
] as const;

async function example(node: string, file: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH,
    HOME,
    DATABASE_URL: database.url,
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: upstream.openai_url,
    PURSER_URL: server.url,
    PURSER_KEY: key,
    ...more,
  };
  const { stdout } = await run(node, [file], { cwd: folder, env, timeout: 120_000 });
  return stdout;
}

test('the package has what it needs and nothing of ours that is not public', async () => {
  const manifest = JSON.parse(await readFile(path.join(folder, 'node_modules/purser-engine/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith('@purser/'))).toEqual([]);
  expect([...examples.keys()]).toEqual([
    'generate.mjs',
    'hold.mjs',
    'hono.mjs',
    'express.mjs',
    'fastify.mjs',
    'ai-sdk.mjs',
    'client.mjs',
  ]);
});

describe.each(NODES)('on %s', (_, node) => {
  test.each([
    ['generate.mjs', /invalid_request[\s\S]*balanced: true/u],
    ['hold.mjs', /[0-9a-f-]{36} 2\n[\s\S]*true\n$/u],
    ['hono.mjs', /^200 1\n401\n$/u],
    ['express.mjs', /^200 1 \{ summary: '…' \}\n401\n$/u],
    ['fastify.mjs', /^200 1\n401\n$/u],
    ['ai-sdk.mjs', /charged: 1[\s\S]*held: 0/u],
    ['client.mjs', /\n400 invalid_request /u],
  ])(
    'the example %s of the README runs',
    async (file, says) => {
      expect(await example(node(), file)).toMatch(says);
    },
    180_000,
  );

  test('512 callers on a budget for 100 calls: exactly 100 are admitted', async () => {
    const name = `callers-${node().length}.mjs`;
    await writeFile(
      path.join(folder, name),
      `import { createPurser } from 'purser-engine';
       const purser = await createPurser({ database: process.env.DATABASE_URL });
       const overrides = { credits_monthly: 100, concurrency: 600, rate: { rps: 100000, rpm: 1000000, burst: 100000 } };
       await purser.workspaces.create({ external_id: '${name}', plan: 'PRO', overrides });
       const call = (user) => purser.generate({ workspace: '${name}', user: 'user-' + user, operation: 'chat', prompt: 'hello' });
       const answers = await Promise.allSettled(Array.from({ length: 512 }, (_, user) => call(user)));
       const codes = answers.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
       console.log(answers.length - codes.length, [...new Set(codes)].join(), JSON.stringify(await purser.verify()));
       await purser.close();`,
    );
    expect(await example(node(), name)).toBe('100 credits_exhausted {"balanced":true,"open_holds":0}\n');
  }, 180_000);

  test('the embedded database is started, kept and stopped', async () => {
    const place = path.join(folder, `embedded-${node().length}`);
    await mkdir(place);
    await writeFile(
      path.join(place, 'once.mjs'),
      `import { createPurser } from 'purser-engine';
       const purser = await createPurser({ data_folder: ${JSON.stringify(path.join(place, 'data'))} });
       await purser.workspaces.ensure({ external_id: 'here', plan: 'PRO' });
       const { credits } = await purser.generate({ workspace: 'here', user: crypto.randomUUID(), operation: 'chat', prompt: 'hello' });
       console.log(credits.charged, (await purser.usage('here')).credits.balance);
       await purser.close();`,
    );
    const once = () =>
      run(node(), ['once.mjs'], {
        cwd: place,
        env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
        timeout: 170_000,
      });
    expect((await once()).stdout).toBe('1 1499\n');
    expect((await once()).stdout).toBe('1 1498\n');
  }, 400_000);
});

test('its types are whole: a strict program that uses every entry point compiles beside it', async () => {
  await writeFile(
    path.join(folder, 'typed.ts'),
    `import { createPurser, type Purser, PurserRefusal } from 'purser-engine';
     import { guard as hono, type PurserVariables } from 'purser-engine/hono';
     import { guard as express } from 'purser-engine/express';
     import { guard as fastify } from 'purser-engine/fastify';
     import { createPurserProvider, purserMiddleware } from 'purser-engine/ai';
     import { createClient } from 'purser-engine/client';
     import { Hono } from 'hono';
     import Fastify from 'fastify';
     import { wrapLanguageModel } from 'ai';
     import { openai } from '@ai-sdk/openai';
     const purser: Purser = await createPurser();
     const options = { operation: 'chat', max_cost: { amount: '1', currency: 'USD' } };
     new Hono<{ Variables: PurserVariables }>().post('/', hono(purser, { ...options, workspace: (c) => c.req.header('x') }), (c) => c.json(c.get('purser').transaction_id));
     Fastify().post('/', fastify(purser, { ...options, workspace: (request) => request.id }), async () => 1);
     express(purser, { ...options, workspace: (request) => request.url });
     wrapLanguageModel({ model: openai.chat('x'), middleware: purserMiddleware(purser, { workspace: 'x' }) });
     createPurserProvider(purser, { workspace: 'x' })('auto');
     createClient({ base_url: 'x', key: 'y' });
     await purser.hold({ workspace: 'x', operation: 'chat', max_cost: { amount: '1', currency: 'USD' } }).catch((error: unknown) => error instanceof PurserRefusal && error.code);`,
  );
  const tsc = path.join(folder, 'node_modules/typescript/bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'esnext',
    '--types',
    '',
    'typed.ts',
  ];
  const { stdout } = await run(process.execPath, [tsc, ...options], { cwd: folder }).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
}, 120_000);
