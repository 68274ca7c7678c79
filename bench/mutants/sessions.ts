import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

import type { Asked, Changed, Told } from './session.ts';
import type { Suites } from './targets.ts';

export interface Outcome {
  /** A change that keeps the suites from ending is as good as noticed: nobody's run would pass. */
  readonly fate: 'noticed' | 'timed out' | 'survived';
  readonly by: string;
}

/** So many times as long as the suites take without a change, and some seconds more. */
const PATIENCE = 4;
const PATIENCE_MORE_MS = 15_000;
const FIRST_MS = 300_000;
/** What one worker tries: modules that were loaded stay in its memory. */
const TOGETHER = 40;

/** Tries changes in a process that is replaced when one of them does not end. */
export class Session implements AsyncDisposable {
  readonly #root: string;
  readonly #database: string;
  readonly #suites: Suites;
  #child: ChildProcess | undefined;
  #limit_ms: number | undefined;

  constructor(root: string, database: string, suites: Suites) {
    this.#root = root;
    this.#database = database;
    this.#suites = suites;
  }

  /**
   * What becomes of each change, told as soon as it is known; `between` is done after each worker.
   * @throws Error when the suites fail without a change: then they say nothing of any.
   */
  async tryAll(
    changes: readonly Changed[],
    told: (place: number, outcome: Outcome) => void,
    between: () => Promise<void>,
  ): Promise<void> {
    this.#limit_ms ??= await this.#measure();
    for (let from = 0; from < changes.length;) {
      const batch = changes.slice(from, from + TOGETHER);
      from += await this.#try(batch, this.#limit_ms, (place, outcome) => {
        told(from + place, outcome);
      });
      await between();
    }
  }

  async #measure(): Promise<number> {
    // The first run transforms everything; the second is what a run takes.
    let begun = performance.now();
    const failed: string[] = [];
    const done = await this.#try([undefined, undefined, undefined], FIRST_MS, (place, { fate, by }) => {
      if (place < 2) begun = performance.now();
      if (fate !== 'survived') failed.push(`${fate}: ${by}`);
    });
    if (failed.length > 0 || done < 3) throw new Error(`the suites fail without any mutant: ${failed.join('; ')}`);
    const took_ms = performance.now() - begun;
    console.error(`${this.#suites.files.length} suites take ${(took_ms / 1000).toFixed(2)} s`);
    return took_ms * PATIENCE + PATIENCE_MORE_MS;
  }

  /** How many it came to: after one that does not end the others are for another process. */
  async #try(changes: Asked['changes'], limit_ms: number, told: (place: number, outcome: Outcome) => void): Promise<number> {
    const child = (this.#child ??= await this.#start());
    const { promise, resolve } = Promise.withResolvers<number>();
    let [place, tried] = [0, 0];
    const giveUp = (fate: Outcome['fate'], by: string): void => {
      told(place, { fate, by });
      resolve(place + 1);
    };
    const late = (): void => {
      giveUp('timed out', '');
    };
    let timer = setTimeout(late, limit_ms + FIRST_MS);
    const hear = (message: Told): void => {
      clearTimeout(timer);
      if (message.is === 'begun') ({ place } = message);
      if (message.is === 'over' && tried < changes.length) giveUp('noticed', 'the worker ended');
      else if (message.is === 'over') resolve(changes.length);
      else timer = setTimeout(late, limit_ms);
      if (message.is !== 'tried') return;
      tried++;
      told(message.place, { fate: message.noticed === undefined ? 'survived' : 'noticed', by: message.noticed ?? '' });
      // Where nothing follows it waits for the end of the run.
      place = message.place + 1;
    };
    const ended = (): void => {
      clearTimeout(timer);
      giveUp('noticed', 'the process ended');
    };
    child.on('message', hear);
    child.once('exit', ended);
    child.send({ suites: this.#suites, changes } satisfies Asked);
    const count = await promise;
    clearTimeout(timer);
    child.off('message', hear);
    child.off('exit', ended);
    if (tried < changes.length) await this.#kill();
    return Math.min(count, changes.length);
  }

  async #start(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'session.ts'), this.#root], {
      // A group of its own: its workers go with it.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, PURSER_TEST_DATABASE_URL: this.#database, PURSER_TEST_BEGAN_MS: String(Date.now()) },
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    child.once('message', () => {
      resolve(undefined);
    });
    child.once('exit', () => {
      reject(new Error('vitest did not start'));
    });
    await promise;
    child.removeAllListeners('exit');
    return child;
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    child.once('exit', () => {
      resolve(undefined);
    });
    process.kill(-child.pid, 'SIGKILL');
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
  }
}
