import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const PORTKEY = path.join(tmpdir(), 'purser-bench-portkey-1.15.2');

/** A program under load: how it is asked, and whose CPU and memory count. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function ready(url: string, timeout_ms = 60_000): Promise<void> {
  const until = performance.now() + timeout_ms;
  for (;;) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (performance.now() > until) throw new Error(`${url} did not come up`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await once(child, 'exit');
  clearTimeout(timer);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the program did not start');
  return child.pid;
}

/** The upstream that all are put in front of: it answers at once, from a process of its own. */
export async function startUpstream(): Promise<Peer> {
  const port = await freePort();
  const file = path.join(ROOT, 'packages', 'providers', 'src', 'standins', 'fast-upstream.ts');
  const child = spawn(process.execPath, [file, String(port)], { stdio: 'ignore' });
  await ready(`http://127.0.0.1:${port}/`);
  return { name: 'upstream alone', url: `http://127.0.0.1:${port}/v1`, headers: {}, pid: pidOf(child), stop: () => stop(child) };
}

/** Portkey's gateway, installed outside the workspace on first use, listening on loopback. It knows no keys, limits or books. */
export async function startPortkey(upstream: string): Promise<Peer> {
  const program = path.join(PORTKEY, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (!(await exists(program))) await installPortkey();
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--import', path.join(import.meta.dirname, 'loopback.mjs'), program, `--port=${port}`, '--headless'],
    { stdio: 'ignore', cwd: PORTKEY, env: { ...process.env, NODE_ENV: 'production' } },
  );
  await ready(`http://127.0.0.1:${port}/`);
  return {
    name: 'Portkey 1.15.2',
    url: `http://127.0.0.1:${port}/v1`,
    headers: { authorization: 'Bearer bench', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstream },
    pid: pidOf(child),
    stop: () => stop(child),
  };
}

async function installPortkey(): Promise<void> {
  await mkdir(PORTKEY, { recursive: true });
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { '@portkey-ai/gateway': '1.15.2' },
    overrides: { hono: '4.9.7', '@hono/node-server': '1.13.5' },
  };
  await writeFile(path.join(PORTKEY, 'package.json'), JSON.stringify(manifest));
  const child = spawn('npm', ['install', '--no-audit', '--no-fund'], { cwd: PORTKEY, stdio: 'inherit' });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error('Portkey’s gateway could not be installed');
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

export interface Purser extends Peer {
  readonly admin_token: string;
  readonly origin: string;
  readonly started_ms: number;
}

/** The whole program on its embedded database, as `npm run up` starts it. */
export async function startPurser(folder: string, environment: Readonly<Record<string, string>>): Promise<Purser> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, 'apps', 'cli', 'bin', 'purser.mjs'), 'up'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: String(port), PURSER_DATA: folder, PURSER_ADMIN_TOKEN: ADMIN_TOKEN, ...environment },
  });
  const lines = createInterface({ input: child.stdout });
  const key = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = /demo key\s+(\S+)/u.exec(line);
      if (found?.[1]) resolve(found[1]);
    });
    child.on('exit', () => reject(new Error('purser did not start')));
  });
  const origin = `http://127.0.0.1:${port}`;
  await ready(`${origin}/healthz`);
  return {
    name: 'Purser',
    url: `${origin}/v1`,
    origin,
    headers: { authorization: `Bearer ${key}` },
    admin_token: ADMIN_TOKEN,
    pid: pidOf(child),
    started_ms: performance.now() - began,
    stop: () => stop(child),
  };
}

const ADMIN_TOKEN = 'bench-admin-token-of-forty-characters-00';
