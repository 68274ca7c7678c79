import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { vi } from 'vitest';

const FIXTURE = path.join(import.meta.dirname, 'faulted-server.fixture.ts');
const CATALOG = path.resolve(import.meta.dirname, '..', '..', '..', '..', 'catalogs', 'default.yaml');

/** A server in a process of its own, whose calls can be stopped at a point while something is done to what it depends on. */
export class FaultedServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.#said += chunk.toString('utf8')));
  }

  /** `under` starts the process by another program, as `['faketime', '-f', '+5m']`. */
  static async start(environment: Readonly<Record<string, string>>, under: readonly string[] = []): Promise<FaultedServer> {
    const settings = { PORT: '0', PURSER_CATALOG: CATALOG, ...environment };
    const [program, ...words] = [...under, process.execPath, FIXTURE, JSON.stringify(settings)];
    const child = spawn(program ?? process.execPath, words, { stdio: ['pipe', 'pipe', 'ignore'] });
    const server = new FaultedServer(child);
    try {
      await vi.waitUntil(() => server.url !== '' || !server.lives, { timeout: 60_000 });
      if (server.lives) return server;
      throw new Error(`the server ended at its start:\n${server.#said}`);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return /^http:\S+(?=\n)/m.exec(this.#said)?.[0] ?? '';
  }

  get lives(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What nobody heard of, and would have ended the process. */
  get unheard(): string[] {
    return this.#said.split('\n').filter((line) => line.startsWith('unheard'));
  }

  stopAt(point: string): void {
    this.#said = this.#said.replaceAll(/^reached .*\n/gm, '');
    this.#child.stdin?.write(`stop ${point}\n`);
  }

  async reached(calls: number): Promise<void> {
    await vi.waitUntil(() => (this.#said.match(/^reached/gm)?.length ?? 0) >= calls, { timeout: 60_000 });
  }

  go(): void {
    this.#child.stdin?.write('go\n');
  }

  async status(probe: string): Promise<number> {
    return (await fetch(this.url + probe)).status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.lives) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
