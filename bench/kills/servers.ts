import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = path.resolve(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'purser.mjs');
const READY_TIMEOUT_MS = 120_000;

/** One of several servers on a database: started again each time it is killed. */
export class KillableServer {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #port: number;
  #child: ChildProcess | undefined;
  /** Ends that nobody asked for. */
  unasked = 0;
  /** How often it was started. */
  starts = 0;

  private constructor(port: number, environment: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#environment = environment;
  }

  static async start(environment: Readonly<Record<string, string>>): Promise<KillableServer> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    listener.close();
    if (address === null || typeof address === 'string') throw new Error('no free port');
    const server = new KillableServer(address.port, environment);
    await server.#launch();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends it where it stands, and starts it again. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    await this.#launch();
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #launch(until = performance.now() + READY_TIMEOUT_MS): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, 'serve'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...this.#environment, PORT: String(this.#port) },
    });
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.unasked += 1;
    });
    while (!(await this.#isReady())) {
      // A start that meets a database which is just being killed ends in one line; whoever supervises starts it again.
      if (child.exitCode !== null && performance.now() <= until) {
        this.unasked -= 1;
        await sleep(200);
        return this.#launch(until);
      }
      if (performance.now() > until) throw new Error(`${this.origin} did not come up`);
      await sleep(50);
    }
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.origin}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
