import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const APP = path.resolve(import.meta.dirname, '..');
const GUIDE = await readFile(path.resolve(APP, '..', '..', 'docs', 'integrating.md'), 'utf8');

const examples = [...GUIDE.matchAll(/^```(sh|js) run\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
  language,
  code,
  title: code.trim().split('\n', 1)[0] ?? '',
}));

const HAS_CURL = spawnSync('curl', ['--version']).status === 0;

let server: TestServer;
let environment: Record<string, string>;
beforeAll(async () => {
  server = await startTestServer();
  const { key } = await server.workspace();
  environment = {
    PATH: '/usr/bin:/bin',
    PURSER_URL: server.url,
    PURSER_KEY: key,
    PURSER_PLAN: 'PRO',
    PURSER_OPERATION: 'rewrite',
    PURSER_CALL: JSON.stringify({ operation: 'summarise', prompt: "The harbour's tower opened in 1887. It closed in 1931." }),
    PURSER_ADMIN_TOKEN: server.admin_token,
  };
});
afterAll(() => server.close());

async function run({ language, code }: (typeof examples)[number]): Promise<{ code: number | null; out: string; err: string }> {
  const words = language === 'sh' ? ['-c', code] : ['--input-type=module', '-e', code];
  const child = spawn(language === 'sh' ? '/bin/sh' : process.execPath, words, {
    cwd: APP,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const [ended] = (await once(child, 'close')) as [number | null];
  return { code: ended, out, err };
}

describe('docs/integrating.md', () => {
  it('has examples for curl, the OpenAI client and the AI SDK', () => {
    const all = examples.map(({ code }) => code).join('');
    for (const client of ['curl', "from 'openai'", "from 'ai'"]) expect(all).toContain(client);
  });

  it('reads no variable that it does not say where to get', () => {
    const [setup = ''] = /^```sh\n[\s\S]*?^```$/m.exec(GUIDE) ?? [];
    const read = examples.flatMap(({ code }) => [...code.matchAll(/\bPURSER_[A-Z_]+/g)].map(([name]) => name));
    expect(read.length).toBeGreaterThan(0);
    expect([...new Set(read)].filter((name) => !setup.includes(name))).toEqual([]);
  });

  // A machine without curl has nobody who would copy those examples.
  it.each(examples.filter(({ language }) => language === 'js' || HAS_CURL))('runs as it stands: $title', async (example) => {
    const { code, out, err } = await run(example);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toBe('');
    // Only the example about refusals may meet one.
    if (!example.code.includes('gpt-9')) expect(out).not.toMatch(/"code":"|APIError/);
  });
});
