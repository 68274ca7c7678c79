import { NoticeListener, type Pool } from '@purser/database';

import { type Lane, LANES } from './lanes.ts';
import type { OpenQueue, Queue } from './queue.ts';

/** Hints by `LISTEN`: a lane is told of when a line in it gets its first job. `jobs.enqueue` notifies, so nobody has to announce. */
export function postgresQueue(pool: Pool): OpenQueue {
  return async (ready) => {
    const queue = new PostgresQueue(ready);
    const listener = new NoticeListener(
      pool,
      'purser_jobs',
      (lane) => queue.heard(LANES.filter((known) => known === lane)),
      () => queue.heard(LANES),
    );
    await listener.start();
    queue.closing = () => listener.close();
    return queue;
  };
}

class PostgresQueue implements Queue {
  readonly #lanes = new Set<Lane>(LANES);
  readonly #ready: () => void;
  #looking: readonly Lane[] = [];
  closing: () => Promise<void> = () => Promise.resolve();

  constructor(ready: () => void) {
    this.#ready = ready;
  }

  heard(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#lanes.add(lane);
    if (lanes.length > 0) this.#ready();
  }

  hints(): ReadonlyMap<Lane, number> {
    return new Map([...this.#lanes].map((lane) => [lane, Number.POSITIVE_INFINITY]));
  }

  /** A notice that comes from now on is about something the look may miss. */
  looking(most: ReadonlyMap<Lane, number>): void {
    this.#looking = [...most.keys()];
    for (const lane of this.#looking) this.#lanes.delete(lane);
  }

  found(_: ReadonlyMap<Lane, number>, exhausted: boolean): void {
    if (!exhausted) for (const lane of this.#looking) this.#lanes.add(lane);
  }

  seen(lanes: ReadonlySet<Lane>): void {
    for (const lane of lanes) this.#lanes.add(lane);
  }

  opened(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#lanes.add(lane);
  }

  close(): Promise<void> {
    return this.closing();
  }
}
