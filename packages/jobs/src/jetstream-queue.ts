import { setTimeout as wait } from 'node:timers/promises';

import { type ConsumerMessages, jetstream, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

import { connectNats, ensureStream, type JetStreamOptions } from './jetstream.ts';
import { type Lane, LANES, perLane } from './lanes.ts';
import type { OpenQueue, Queue } from './queue.ts';

const RETRY_MS = 1_000;
const FETCH_MS = 30_000;
/** A lane with work of which nothing was told for so long is looked at all the same. */
const UNTOLD_MS = 1_000;

/**
 * Hints by JetStream: one stream, a subject and a durable consumer per lane. A message names a job that waits; which job of the lane is
 * run is decided by `jobs.claim`, so that one workspace does not keep another waiting. While NATS is away workers look once a second.
 * @throws Fault when NATS is not there at the start.
 */
export function jetStreamQueue(options: JetStreamOptions): OpenQueue {
  return async (ready, slots) => new JetStreamQueue(await connectNats(options), options, { ready, held_max: 2 * slots });
}

class JetStreamQueue implements Queue {
  readonly #connection: NatsConnection;
  readonly #options: JetStreamOptions;
  readonly #ready: () => void;
  /** Hints that are kept of each lane at most: more would keep them from workers that are free. */
  readonly #held_max: number;
  readonly #held = perLane<JsMsg[]>(() => []);
  /** Since when (monotonic) a lane has had work though nothing was told of it here. */
  readonly #untold = new Map<Lane, number>();
  readonly #opened = new Set<Lane>();
  readonly #fetches = new Map<Lane, ConsumerMessages>();
  readonly #wake = perLane<(() => void) | undefined>(() => undefined);
  readonly #pulls: Promise<void>[];
  #looking: ReadonlyMap<Lane, number> = new Map();
  #closed = false;

  constructor(
    connection: NatsConnection,
    options: JetStreamOptions,
    { ready, held_max }: { readonly ready: () => void; readonly held_max: number },
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#ready = ready;
    this.#held_max = held_max;
    this.#pulls = LANES.map((lane) => this.#pullAlways(lane));
  }

  hints(): ReadonlyMap<Lane, number> {
    const now_ms = performance.now();
    const hints = new Map<Lane, number>();
    for (const lane of LANES) {
      const since_ms = this.#untold.get(lane);
      if (this.#opened.has(lane) || (since_ms !== undefined && now_ms - since_ms >= UNTOLD_MS))
        hints.set(lane, Number.POSITIVE_INFINITY);
      else if (this.#held[lane].length > 0) hints.set(lane, this.#held[lane].length);
    }
    return hints;
  }

  looking(most: ReadonlyMap<Lane, number>): void {
    this.#looking = most;
    for (const lane of most.keys()) this.#opened.delete(lane);
  }

  /** Where there was no more, the hints that were followed told of jobs that others have taken. */
  found(counts: ReadonlyMap<Lane, number>, exhausted: boolean): void {
    for (const [lane, most] of this.#looking) {
      const followed = exhausted ? most : (counts.get(lane) ?? 0);
      for (const message of this.#held[lane].splice(0, followed)) message.ack();
      this.#wake[lane]?.();
    }
  }

  seen(lanes: ReadonlySet<Lane>): void {
    for (const lane of LANES) {
      if (!lanes.has(lane) || this.#held[lane].length > 0) this.#untold.delete(lane);
      else if (!this.#untold.has(lane)) this.#untold.set(lane, performance.now());
    }
  }

  opened(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#opened.add(lane);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const lane of LANES) {
      for (const message of this.#held[lane].splice(0)) message.nak();
      this.#wake[lane]?.();
      this.#fetches.get(lane)?.stop();
    }
    await this.#connection.close();
    await Promise.all(this.#pulls);
  }

  async #pullAlways(lane: Lane): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#pull(lane);
      } catch (err) {
        if (this.#closed) return;
        this.#options.log.warn({ err, lane }, 'NATS tells of no jobs; workers look for them in the database');
        await wait(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #pull(lane: Lane): Promise<void> {
    await ensureStream(this.#connection, this.#options.name);
    const consumer = await jetstream(this.#connection).consumers.get(this.#options.name, lane);
    while (!this.#closed) {
      const free = this.#held_max - this.#held[lane].length;
      if (free <= 0) {
        await new Promise<void>((resolve) => {
          this.#wake[lane] = resolve;
        });
        continue;
      }
      const messages = await consumer.fetch({ max_messages: free, expires: FETCH_MS });
      this.#fetches.set(lane, messages);
      if (this.#closed) messages.stop();
      for await (const message of messages) {
        this.#held[lane].push(message);
        this.#ready();
      }
    }
  }
}
