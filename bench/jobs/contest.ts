import { setTimeout as wait } from 'node:timers/promises';

/** A queue with a worker that has fifty places, whose jobs do nothing. */
export interface Contestant {
  readonly name: string;
  put(count: number): Promise<void>;
  /** Starts the worker; `onRun` is called as each job begins. */
  work(onRun: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface Figures {
  readonly put_per_s: number;
  readonly done_per_s: number;
  readonly idle_ms: readonly number[];
}

/** Puts `count` jobs in, has them all done, then puts single ones into the idle queue and measures until each begins. */
export async function contest(contestant: Contestant, count: number, singles: number): Promise<Figures> {
  const put_began = performance.now();
  await contestant.put(count);
  const put_s = (performance.now() - put_began) / 1000;
  let left = count;
  let all = Promise.withResolvers<void>();
  const work_began = performance.now();
  await contestant.work(() => {
    left -= 1;
    if (left === 0) all.resolve();
  });
  await all.promise;
  const work_s = (performance.now() - work_began) / 1000;
  const idle_ms: number[] = [];
  for (let single = 0; single < singles; single++) {
    await wait(40);
    all = Promise.withResolvers<void>();
    left = 1;
    const began = performance.now();
    await Promise.all([contestant.put(1), all.promise.then(() => idle_ms.push(performance.now() - began))]);
  }
  await contestant.stop();
  return { put_per_s: count / put_s, done_per_s: count / work_s, idle_ms };
}
