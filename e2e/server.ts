import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

/** A whole Purser of its own: embedded database, demo workspace, API and page, as `npm run up` starts it. */
export interface RunningServer {
  readonly origin: string;
  readonly admin_token: string;
  /** Of the demo workspace. */
  readonly workspace_key: string;
  /** What the program printed so far, letters included. */
  readonly printed: () => string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the program on a free port with an empty data folder. `environment` is added to a bare one, so that no
 * provider key of the machine is ever used. `output_file`: where what it prints is written too.
 */
export async function startServer(
  environment: Readonly<Record<string, string>> = {},
  output_file?: string,
): Promise<RunningServer> {
  const data_folder = await mkdtemp(path.join(tmpdir(), 'purser-e2e-'));
  // Open to the user who serves the database, or it would be kept elsewhere and outlive this run.
  await chmod(data_folder, 0o755);
  const port = await freePort();
  const child = spawn(process.execPath, [path.join(ROOT, 'apps/cli/bin/purser.mjs'), 'up'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: String(port), PURSER_DATA: data_folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child, output_file);
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(data_folder, { recursive: true, force: true });
  };
  try {
    const origin = `http://127.0.0.1:${port}`;
    await answering(origin, child, output);
    return {
      origin,
      admin_token: printed(output(), /^\s*admin token:?\s+(\S+)\s*$/im),
      workspace_key: printed(output(), /(purser_ws_[\w-]+)/),
      printed: output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Everything the program has said so far. */
function collect(child: ChildProcess, file: string | undefined): () => string {
  let text = '';
  const keep = (piece: Buffer): void => {
    text += piece.toString();
    if (file !== undefined) appendFileSync(file, piece);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', keep);
  return () => text;
}

function printed(output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`the program started without printing ${pattern.source}; it said:\n${output}`);
  return found;
}

async function answering(origin: string, child: ChildProcess, output: () => string): Promise<void> {
  const give_up = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`the program ended with ${child.exitCode} before it answered; it said:\n${output()}`);
    if (give_up.aborted) throw new Error(`the program did not answer within ${START_TIMEOUT_MS} ms; it said:\n${output()}`);
    const ready = await fetch(`${origin}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready && /purser_ws_/.test(output())) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Asks the program to end as Ctrl-C does, and waits until it has. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const hurry = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(hurry);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
