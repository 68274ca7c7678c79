import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether this machine has the program. */
export const HAS_REDIS_SERVER = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis process of the test's own, which keeps nothing: it can be killed and started again at the same address. */
export class OwnRedis implements AsyncDisposable {
  #port = 0;
  #process: ChildProcess | undefined;

  #tls = false;

  get url(): string {
    return `${this.#tls ? 'rediss' : 'redis'}://127.0.0.1:${this.#port}`;
  }

  /** `words` are further options of the program. `tls`: its one port is behind TLS. */
  async start(words: readonly string[] = [], { tls = false }: { readonly tls?: boolean } = {}): Promise<void> {
    this.#tls = tls;
    this.#port ||= await freePort();
    const port = tls ? ['--port', '0', '--tls-port', String(this.#port)] : ['--port', String(this.#port)];
    const place = [...port, '--bind', '127.0.0.1', '--dir', '/tmp'];
    const memory = words.includes('--sentinel') ? [] : ['--save', '', '--appendonly', 'no'];
    const file = await emptyFile(words);
    this.#process = spawn('redis-server', [...file, ...place, ...memory, ...words], { stdio: 'ignore' });
    for (let tries = 0; tries < 200; tries += 1) {
      if (await listens(this.#port)) return;
      await sleep(25);
    }
    throw new Error('redis-server did not start within 5 s');
  }

  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** A Sentinel, and a node of a cluster, write down what they learn. */
async function emptyFile(words: readonly string[]): Promise<string[]> {
  if (!words.includes('--sentinel')) return [];
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'purser-redis-')), 'conf');
  await writeFile(file, '');
  return [file];
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
