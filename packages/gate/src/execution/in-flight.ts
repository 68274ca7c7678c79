import { doneWithin, inBackground } from '@purser/core';

/** What goes on without a caller: the settle behind an answer, the end of a stream whose reader left, or that was not read in time. */
export type BackgroundWork = 'settle' | 'drain' | 'cut';

/** The calls that are under way, drains after a disconnect included. */
export class InFlight {
  #count = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  readonly #settling = new Set<Promise<unknown>>();
  readonly #onFailure: (work: BackgroundWork, error: unknown) => void;

  /**
   * `onFailure` hears of what failed behind an answer that had left, or behind a reader that had: its hold expires, and its cost stays
   * counted as unresolved.
   */
  constructor(onFailure: (work: BackgroundWork, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  get count(): number {
    return this.#count;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Something is under way until the answered function is called. */
  enter(): () => void {
    this.#count++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#count--;
      if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  async track<T>(work: Promise<T>): Promise<T> {
    const leave = this.enter();
    try {
      return await work;
    } finally {
      leave();
    }
  }

  /** Lets a settle finish behind an answer that has left. */
  settle(booking: Promise<unknown>): void {
    const leave = this.enter();
    const settling = booking.then(
      () => {
        leave();
        this.#settling.delete(settling);
      },
      (error: unknown) => {
        leave();
        this.#settling.delete(settling);
        this.#onFailure('settle', error);
      },
    );
    this.#settling.add(settling);
  }

  /** Lets work finish that no caller waits for. */
  background(work: Exclude<BackgroundWork, 'settle'>, done: Promise<unknown>): void {
    inBackground(this.#heard(work, done), () => {});
  }

  async #heard(work: Exclude<BackgroundWork, 'settle'>, done: Promise<unknown>): Promise<void> {
    try {
      await this.track(done);
    } catch (error) {
      this.#onFailure(work, error);
    }
  }

  /** Waits for the settles under way now, not for those that begin meanwhile. */
  async settled(timeout_ms: number): Promise<void> {
    if (this.#settling.size > 0) await doneWithin(Promise.all(this.#settling), timeout_ms);
  }

  /** Admits nothing more and waits for what is under way, at most `timeout_ms`. */
  async drain(timeout_ms: number): Promise<void> {
    this.#closed = true;
    if (this.#count === 0) return;
    await doneWithin(new Promise<void>((resolve) => this.#waiting.push(resolve)), timeout_ms);
  }
}

/** What a stream needs to be ended by someone else than its reader. */
export interface StreamEnds<T> {
  /** The call's time is over. */
  readonly over: AbortSignal;
  /** Ends a stream that was left before it was begun: a generator that never started has no `finally` to run. */
  readonly abandoned: () => Promise<void>;
  /** What a reader that comes back too late is told. */
  readonly late: T;
}

/**
 * A stream that counts as under way until it has ended or was left. A reader who stops pulling and stays cannot keep it open:
 * when the call's time is over it is ended for him and booked, or he would have read for nothing.
 */
export function trackStream<T>(inFlight: InFlight, parts: AsyncGenerator<T>, ends: StreamEnds<T>): AsyncIterableIterator<T> {
  const finish = inFlight.enter();
  let begun = false;
  let pulling = false;
  let late: T | undefined;
  const done = (): void => {
    ends.over.removeEventListener('abort', cut);
    finish();
  };
  const leave = async (): Promise<IteratorResult<T>> => {
    if (!begun) inFlight.background('drain', ends.abandoned());
    begun = true;
    try {
      return await parts.return(undefined);
    } finally {
      done();
    }
  };
  const cut = (): void => {
    if (pulling) return;
    late = ends.late;
    inFlight.background('cut', leave());
  };
  ends.over.addEventListener('abort', cut, { once: true });
  return {
    async next() {
      if (late !== undefined) {
        const value = late;
        late = undefined;
        return { done: false, value };
      }
      begun = true;
      pulling = true;
      try {
        const next = await parts.next();
        if (next.done === true) done();
        return next;
      } catch (error) {
        done();
        throw error;
      } finally {
        pulling = false;
      }
    },
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
