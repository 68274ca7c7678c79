import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const BIN = path.join(ROOT, 'apps', 'cli', 'bin', 'purser.mjs');
export const TOKEN = 'test-admin-token';

export interface Cli {
  readonly folder: string;
  readonly database_url?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function start({ folder, database_url, environment }: Cli, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...words], {
    cwd: folder,
    env: {
      PATH: '/usr/bin:/bin',
      PORT: '0',
      PURSER_DATA: 'data',
      PURSER_CATALOG: path.join(ROOT, 'catalogs', 'default.yaml'),
      PURSER_ADMIN_TOKEN: TOKEN,
      ...(database_url !== undefined && { DATABASE_URL: database_url }),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command as an operator does; what it said on both streams, and how it ended. */
export async function runCli(
  cli: Cli,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = start(cli, words);
  const said = heard(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said() };
}

export interface ServingCli extends AsyncDisposable {
  readonly url: string;
  readonly said: () => string;
  ask(url: string, key: string, body?: object): Promise<{ readonly status: number; readonly json: Record<string, unknown> }>;
}

/** `purser serve` until it is disposed of. @throws when it ends before it listens. */
export async function serveCli(cli: Cli): Promise<ServingCli> {
  const child = start(cli, ['serve']);
  const said = heard(child);
  const address = /"address":"(http:[^"]+)"/;
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (address.test(said())) resolve();
    });
    child.once('close', () => reject(new Error(said())));
  });
  const url = address.exec(said())?.[1] ?? '';
  return {
    url,
    said,
    async ask(at, key, body) {
      const response = await fetch(url + at, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function heard(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return () => text;
}
