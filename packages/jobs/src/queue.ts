import type { Lane } from './lanes.ts';

/**
 * Says in which lanes work may wait. It is a hint that may be wrong in both directions; which job is run is decided by `jobs.claim`
 * alone, and what a hint was lost for is found by the sweep.
 */
export interface Queue {
  /** The lanes that are worth a look now, with how many jobs at most. */
  hints(): ReadonlyMap<Lane, number>;
  /** Jobs of these lanes are about to be claimed, so many at most. */
  looking(most: ReadonlyMap<Lane, number>): void;
  /** What was found; `exhausted`: there was no more than that. */
  found(counts: ReadonlyMap<Lane, number>, exhausted: boolean): void;
  /** A look at the database said that in these lanes, and in no others, work waits. */
  seen(lanes: ReadonlySet<Lane>): void;
  /** Lines of these lanes were full, and are so no longer. */
  opened(lanes: readonly Lane[]): void;
  close(): Promise<void>;
}

/** Tells workers of jobs. */
export interface Announcer {
  /** After the commit: these jobs wait. Never throws: what could not be told is found by the sweep. */
  announce(lane: Lane, ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Makes the queue of a worker with so many slots; `ready` is called whenever there are new hints. */
export type OpenQueue = (ready: () => void, slots: number) => Promise<Queue>;
