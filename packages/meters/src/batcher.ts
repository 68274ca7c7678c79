import {
  BrokenInvariant,
  type Clock,
  databaseFault,
  Fault,
  type HoldId,
  isTransientDatabaseError,
  type Pool,
} from '@purser/base';

import { APPLY, encodeBatch } from './encode.ts';
import type { EndOutcome, EndRequest, HoldOutcome, HoldRequest, HoldState } from './hold.ts';
import { KnownMeters } from './known-meters.ts';

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
  readonly onBatch?: BatchObserver;
}

interface Waiting<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  readonly give_up_at: number;
  /** It was sent before, and nobody knows what became of that. */
  sent_before: boolean;
}

interface AppliedRow {
  id: string;
  is_end: boolean;
  state: string;
  leg: number;
  available: bigint | null;
  other: string | null;
}

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Collects callers while the last batch is in flight and sends them as one transaction: throughput comes from the size of
 * the batch, not from connections. One batch is in flight at a time; a lone caller goes at once. No timer: a 1 ms window
 * cost 40 % of the throughput when measured.
 */
export class Batcher {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #queueMax: number;
  readonly #batchMax: number;
  readonly #endRetryMs: number;
  readonly #onBatch: BatchObserver;
  readonly #known = new KnownMeters();
  #holds: Waiting<HoldRequest, HoldOutcome>[] = [];
  #ends: Waiting<EndRequest, EndOutcome>[] = [];
  #running = false;
  #idle: (() => void)[] = [];

  constructor(options: BatcherOptions) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#queueMax = options.queue_max ?? 10_000;
    this.#batchMax = options.batch_max ?? 512;
    this.#endRetryMs = options.end_retry_ms ?? 30_000;
    this.#onBatch = options.onBatch ?? (() => {});
  }

  /** @throws Fault (retryable) when the queue is full or the database is away. Nothing is admitted then. */
  hold(request: HoldRequest): Promise<HoldOutcome> {
    if (this.#holds.length >= this.#queueMax) {
      return Promise.reject(new Fault(`more than ${this.#queueMax} calls wait to be admitted`, { retryable: true }));
    }
    return this.#enqueue(this.#holds, request, 0);
  }

  /** Ends are never turned away: there are at most as many as open holds. Ending twice is harmless, so it is tried again. */
  end(request: EndRequest): Promise<EndOutcome> {
    return this.#enqueue(this.#ends, request, this.#endRetryMs);
  }

  get waiting(): number {
    return this.#holds.length + this.#ends.length;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (!this.#running && this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #enqueue<Request, Outcome>(queue: Waiting<Request, Outcome>[], request: Request, retry_ms: number): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      queue.push({ request, resolve, reject, give_up_at: performance.now() + retry_ms, sent_before: false });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    let backoff_ms = 0;
    while (this.waiting > 0) {
      const ends = this.#ends.splice(0, this.#batchMax);
      const holds = this.#inTime(this.#holds.splice(0, this.#batchMax));
      const sent = await this.#send(holds, ends);
      backoff_ms = sent ? 0 : Math.min(Math.max(backoff_ms * 2, RETRY_FIRST_MS), RETRY_MAX_MS);
      // Callers answered just now get their turn to ask again before the next batch is cut.
      await (sent ? new Promise(setImmediate) : new Promise((resolve) => setTimeout(resolve, backoff_ms)));
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What waited so long (or met a clock that jumped) that its time is over would be held only to expire: it is turned away. */
  #inTime(holds: Waiting<HoldRequest, HoldOutcome>[]): Waiting<HoldRequest, HoldOutcome>[] {
    const now = this.#clock.now();
    return holds.filter(({ request, reject }) => {
      if (Temporal.Instant.compare(now, request.expires_at) < 0) return true;
      reject(new Fault('the time of this call was over before it could be admitted', { retryable: true }));
      return false;
    });
  }

  /** Sends one batch; false when the database was away. */
  async #send(holds: Waiting<HoldRequest, HoldOutcome>[], ends: Waiting<EndRequest, EndOutcome>[]): Promise<boolean> {
    if (holds.length + ends.length === 0) return true;
    const started = performance.now();
    try {
      const rows = await this.#query(
        holds.map((waiting) => waiting.request),
        ends.map((waiting) => waiting.request),
      );
      this.#onBatch(holds.length, ends.length, performance.now() - started);
      deliver(rows, holds, ends);
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
          // A workspace without a guard has never held anything.
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

  async #query(holds: readonly HoldRequest[], ends: readonly EndRequest[]): Promise<AppliedRow[]> {
    const batch = encodeBatch(this.#clock.now(), holds, ends, this.#known);
    try {
      const { rows } = await this.#pool.query<AppliedRow>({ name: 'meters.apply', text: APPLY, values: batch.values });
      this.#known.add(batch.meters);
      return rows;
    } catch (error) {
      // A meter that was known has been swept away since: describe all of them, once.
      if (!isMissing(error) || this.#known.size === 0) throw error;
      this.#known.clear();
      return this.#query(holds, ends);
    }
  }

  /** Whether the batch committed is unknown. Ends go again (a hold ends once); holds are given up and, should they exist, voided. */
  #databaseAway(error: unknown, holds: Waiting<HoldRequest, HoldOutcome>[], ends: Waiting<EndRequest, EndOutcome>[]): void {
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

function deliver(
  rows: readonly AppliedRow[],
  holds: readonly Waiting<HoldRequest, HoldOutcome>[],
  ends: readonly Waiting<EndRequest, EndOutcome>[],
): void {
  const byId = new Map(rows.map((row) => [row.is_end ? `end ${row.id}` : row.id, row]));
  for (const { request, resolve, reject } of holds) {
    const row = byId.get(request.id);
    if (row) resolve(holdOutcome(row, request));
    else reject(new Fault(`the database did not answer for hold ${request.id}`, { retryable: false }));
  }
  const states = new Map<string, HoldState>();
  for (const { request, resolve, sent_before } of ends) {
    const row = byId.get(`end ${request.hold}`);
    if (row === undefined) {
      resolve(UNKNOWN);
      continue;
    }
    const first = !states.has(request.hold);
    const before = states.get(request.hold) ?? (row.state as HoldState);
    states.set(request.hold, stateAfter(before, request.kind));
    // Sent again, it meets the state it made itself: it had been applied, and only the answer was lost.
    const own = sent_before && first ? OWN[`${request.kind} ${before}`] : undefined;
    resolve({ before: own ?? before, credits_available: row.available });
  }
}

const UNKNOWN: EndOutcome = Object.freeze({ before: 'unknown', credits_available: null });

/** What a hold was before an end that has been applied, by that end and the state it leaves. */
const OWN: Readonly<Record<string, HoldState>> = {
  'settle settled': 'open',
  'void voided': 'open',
  'doubt expired': 'open',
  'settle reconciled': 'expired',
};

function stateAfter(before: HoldState, kind: EndRequest['kind']): HoldState {
  if (before === 'expired') return kind === 'doubt' ? 'expired' : 'reconciled';
  if (before !== 'open') return before;
  return kind === 'settle' ? 'settled' : kind === 'void' ? 'voided' : 'expired';
}

function holdOutcome(row: AppliedRow, request: HoldRequest): HoldOutcome {
  if (row.state === 'held') return { kind: 'held' };
  if (row.state === 'replay') return { kind: 'replay', hold: row.other as HoldId };
  if (row.state === 'mismatch') return { kind: 'mismatch' };
  const leg = request.legs[row.leg - 1];
  if (leg === undefined)
    throw new Fault(`hold ${request.id} was denied at leg ${row.leg}, which it does not have`, { retryable: false });
  return { kind: 'denied', leg: row.leg - 1, meter: leg.meter, available: row.available ?? 0n };
}

/** A meter or a workspace of the batch is not there. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'P0002';
}
