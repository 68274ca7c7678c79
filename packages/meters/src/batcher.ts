import { BrokenInvariant, type Clock, Fault, type HoldId, inBackground } from '@purser/core';
import { databaseFault, isTransientDatabaseError, type Pool } from '@purser/database';

import { type Applied, type AppliedRow, decodeApplied } from './decode.ts';
import { APPLY, encodeBatch } from './encode.ts';
import { EndQueue, type WaitingEnd } from './end-queue.ts';
import type { EndOutcome, EndRequest, HoldOutcome, HoldRequest, HoldState } from './hold.ts';
import { KnownMeters } from './known-meters.ts';
import type { Waiting } from './waiting.ts';

/** Sizes of batches as they are sent, for the metrics. */
export type BatchObserver = (holds: number, ends: number, duration_ms: number) => void;

export interface BatcherOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  /** More holds than this waiting are refused: a queue without a bound is an outage in slow motion. */
  readonly queue_max?: number;
  readonly batch_max?: number;
  /** How long an end is tried again while the database is away; afterwards its hold is left to expire. */
  readonly end_retry_ms?: number;
  /** How long an end may wait for others while holds go ahead of it. A hold is refused only when no end asked before it waits. */
  readonly end_wait_ms?: number;
  /** How long an end that nobody waits for may gather others. */
  readonly deferred_wait_ms?: number;
  /** How many meters are remembered to exist; others are described with every hold. */
  readonly known_meters_max?: number;
  readonly onBatch?: BatchObserver;
  /** Hears of a batch that the database could not take just now. */
  readonly onAway?: (error: unknown) => void;
}

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** Kept answers of one batch: 4 MB take PostgreSQL some 200 ms, in which no hold is admitted. */
const ANSWER_CHARS_MAX = 4_000_000;

type WaitingHold = Waiting<HoldRequest, HoldOutcome>;

/**
 * Collects callers while the last batch is in flight and sends them as one transaction: throughput comes from the size of
 * the batch, not from connections. One batch is in flight at a time; a lone caller goes at once. Holds wait for no timer: a 1 ms
 * window cost 40 % of the throughput when measured.
 */
export class Batcher {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #queueMax: number;
  readonly #batchMax: number;
  readonly #endRetryMs: number;
  readonly #onBatch: BatchObserver;
  readonly #onAway: (error: unknown) => void;
  readonly #known: KnownMeters;
  readonly #ends: EndQueue;
  #holds: WaitingHold[] = [];
  #tickets = 0;
  /** A hold that was not admitted is asked again once the ends that came before it have been applied: they go alone. */
  #endsAwaited = false;
  #running = false;
  /** Starts the next batch when ends that nobody waits for have gathered long enough. */
  #alarm: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(options: BatcherOptions) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#queueMax = options.queue_max ?? 10_000;
    this.#batchMax = options.batch_max ?? 512;
    this.#endRetryMs = options.end_retry_ms ?? 30_000;
    this.#ends = new EndQueue(options.end_wait_ms ?? 5, options.deferred_wait_ms ?? 40);
    this.#known = new KnownMeters(options.known_meters_max);
    this.#onBatch = options.onBatch ?? (() => {});
    this.#onAway = options.onAway ?? (() => {});
  }

  /** @throws Fault (retryable) when the queue is full or the database is away. Nothing is admitted then. */
  hold(request: HoldRequest): Promise<HoldOutcome> {
    if (this.#holds.length >= this.#queueMax) {
      return Promise.reject(new Fault(`more than ${this.#queueMax} calls wait to be admitted`, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      this.#holds.push(this.#ticketed(request, resolve, reject, 0));
      this.#start();
    });
  }

  /**
   * Ends are never turned away: there are at most as many as open holds. Ending twice is harmless, so it is tried again.
   * `deferred`: nobody waits for the outcome, so it may gather others.
   */
  end(request: EndRequest, deferred = false): Promise<EndOutcome> {
    return new Promise((resolve, reject) => {
      this.#ends.push({ ...this.#ticketed(request, resolve, reject, this.#endRetryMs), deferred });
      this.#startWhenDue();
    });
  }

  /** Sends the ends that wait now. */
  flush(): void {
    this.#ends.flush();
    this.#startWhenDue();
  }

  get waiting(): number {
    return this.#holds.length + this.#ends.length;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (!this.#running && this.waiting === 0) return Promise.resolve();
    this.flush();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #ticketed<Request, Outcome>(
    request: Request,
    resolve: (outcome: Outcome) => void,
    reject: (error: Error) => void,
    retry_ms: number,
  ): Waiting<Request, Outcome> {
    const asked_at = performance.now();
    return { request, resolve, reject, ticket: this.#tickets++, asked_at, give_up_at: asked_at + retry_ms, sent_before: false };
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
    setImmediate(() => inBackground(this.#run(), (error) => this.#broke(error)));
  }

  #startWhenDue(): void {
    if (this.#running) return;
    const due_ms = this.#ends.dueIn(false);
    if (due_ms === 0) this.#start();
    else if (due_ms !== Number.POSITIVE_INFINITY) this.#alarm ??= setTimeout(() => this.#start(), due_ms);
  }

  async #run(): Promise<void> {
    let backoff_ms = 0;
    for (;;) {
      const awaited = this.#endsAwaited;
      this.#endsAwaited = false;
      const ends =
        awaited || this.#ends.dueIn(this.#holds.length > 0) === 0 ? this.#ends.take(this.#batchMax, ANSWER_CHARS_MAX) : [];
      const holds = awaited && ends.length > 0 ? [] : this.#holds.splice(0, this.#batchMax);
      if (holds.length + ends.length === 0) break;
      const sent = await this.#send(this.#inTime(holds), ends);
      backoff_ms = sent ? 0 : Math.min(Math.max(backoff_ms * 2, RETRY_FIRST_MS), RETRY_MAX_MS);
      // Callers answered just now get their turn to ask again before the next batch is cut.
      await (sent ? new Promise(setImmediate) : new Promise((resolve) => setTimeout(resolve, backoff_ms)));
    }
    this.#running = false;
    if (this.waiting > 0) this.#startWhenDue();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A mistake of ours ended the work on batches: whoever waits is told, and the next request begins it again. */
  #broke(error: unknown): void {
    this.#running = false;
    const fault = databaseFault(error);
    for (const waiting of this.#holds.splice(0)) waiting.reject(fault);
    for (const waiting of this.#ends.take(Number.POSITIVE_INFINITY)) waiting.reject(fault);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What waited so long (or met a clock that jumped) that its time is over would be held only to expire: it is turned away. */
  #inTime(holds: WaitingHold[]): WaitingHold[] {
    const now = this.#clock.now();
    return holds.filter(({ request, reject }) => {
      if (Temporal.Instant.compare(now, request.expires_at) < 0) return true;
      reject(new Fault('the call timed out before it could be admitted', { retryable: true }));
      return false;
    });
  }

  /** Sends one batch; false when the database was away. */
  async #send(holds: WaitingHold[], ends: WaitingEnd[]): Promise<boolean> {
    if (holds.length + ends.length === 0) return true;
    const started = performance.now();
    try {
      const applied = await this.#query(
        holds.map((waiting) => waiting.request),
        ends.map((waiting) => waiting.request),
      );
      this.#onBatch(holds.length, ends.length, performance.now() - started);
      this.#deliver(applied, holds, ends);
      return true;
    } catch (error) {
      if (isTransientDatabaseError(error)) {
        this.#databaseAway(error, holds, ends);
        return false;
      }
      if (holds.length + ends.length === 1) {
        const fault = error instanceof BrokenInvariant ? error : databaseFault(error);
        for (const waiting of holds) waiting.reject(fault);
        for (const waiting of ends) {
          // A workspace without a counter row has never held anything.
          if (isMissing(error)) waiting.resolve(UNKNOWN);
          else waiting.reject(fault);
        }
        return true;
      }
      // One bad request must not fail its neighbours: each goes alone, ends first, as in the batch.
      let sent = true;
      for (const end of ends) sent = (await this.#send([], [end])) && sent;
      for (const hold of holds) sent = (await this.#send([hold], [])) && sent;
      return sent;
    }
  }

  async #query(holds: readonly HoldRequest[], ends: readonly EndRequest[]): Promise<Applied> {
    try {
      return await this.#apply(holds, ends, this.#known);
    } catch (error) {
      // One that was known has gone, as after a restore: all are described, once.
      if (!isMissing(error) || holds.length === 0) throw error;
      return this.#apply(holds, ends, NONE_KNOWN);
    }
  }

  async #apply(holds: readonly HoldRequest[], ends: readonly EndRequest[], known: Pick<KnownMeters, 'has'>): Promise<Applied> {
    const batch = encodeBatch(this.#clock.now(), holds, ends, known);
    const { rows } = await this.#pool.query<AppliedRow>({ name: 'meters.apply', text: APPLY, values: batch.values });
    this.#known.add(batch.meters);
    return decodeApplied(rows[0]);
  }

  #deliver(applied: Applied, holds: readonly WaitingHold[], ends: readonly WaitingEnd[]): void {
    const again: WaitingHold[] = [];
    for (const [place, waiting] of holds.entries()) {
      const outcome = holdOutcome(applied, place, waiting.request);
      if (outcome.kind !== 'held' && this.#ends.hasBefore(waiting.ticket)) again.push(waiting);
      else waiting.resolve(outcome);
    }
    if (again.length > 0) {
      this.#holds.unshift(...again);
      this.#endsAwaited = true;
    }
    for (const [place, { request, resolve, sent_before }] of ends.entries()) {
      const before = applied.states?.[place] ?? 'open';
      // Sent again, it meets the state it made itself: it had been applied, and only the answer was lost.
      const own = sent_before ? OWN[`${request.kind} ${before}`] : undefined;
      resolve(before === 'unknown' ? UNKNOWN : { before: own ?? before, credits_available: applied.credits.get(place) ?? null });
    }
  }

  /** Whether the batch committed is unknown. Ends go again (a hold ends once); holds are given up and, should they exist, voided. */
  #databaseAway(error: unknown, holds: WaitingHold[], ends: WaitingEnd[]): void {
    this.#onAway(error);
    const now = performance.now();
    for (const waiting of ends) {
      waiting.sent_before = true;
      if (now < waiting.give_up_at) this.#ends.push(waiting);
      else waiting.reject(databaseFault(error));
    }
    for (const { request, reject } of holds) {
      reject(databaseFault(error));
      this.end({ kind: 'void', hold: request.id, workspace: request.workspace }).catch(() => {
        // It expires by time instead.
      });
    }
  }
}

const NONE_KNOWN = Object.freeze({ has: () => false });

const UNKNOWN: EndOutcome = Object.freeze({ before: 'unknown', credits_available: null });

/** What a hold was before an end that has been applied, by that end and the state it leaves. */
const OWN: Readonly<Record<string, HoldState>> = {
  'settle settled': 'open',
  'void voided': 'open',
  'unresolved expired': 'open',
  'settle reconciled': 'expired',
};

const HELD: HoldOutcome = Object.freeze({ kind: 'held' });

function holdOutcome(applied: Applied, place: number, request: HoldRequest): HoldOutcome {
  const verdict = applied.verdicts?.[place] ?? 0;
  if (verdict === 0) return HELD;
  if (verdict === -1) return { kind: 'replay', hold: applied.others?.[place] as HoldId };
  if (verdict === -2) return { kind: 'mismatch' };
  const leg = request.legs[verdict - 1];
  if (leg === undefined) {
    throw new BrokenInvariant(`hold ${request.id} was denied at leg ${verdict}, which it does not have`);
  }
  return { kind: 'denied', leg: verdict - 1, meter: leg.meter, available: applied.lefts?.[place] ?? 0n };
}

/** A meter or a workspace of the batch is not there. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'P0002';
}
