/** The calls that are under way, drains after a disconnect included. */
export class InFlight {
  #count = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  readonly #settling = new Set<Promise<unknown>>();
  readonly #onUnsettled: (error: unknown) => void;

  /** `onUnsettled` hears of a settle that could not be written: its hold expires, and its cost stays counted as doubtful. */
  constructor(onUnsettled: (error: unknown) => void) {
    this.#onUnsettled = onUnsettled;
  }

  get count(): number {
    return this.#count;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async track<T>(work: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work;
    } finally {
      this.#count--;
      if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Lets a settle finish behind an answer that has left. */
  settle(booking: Promise<unknown>): void {
    const settling = this.track(booking)
      .catch(this.#onUnsettled)
      .finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
  }

  /** Waits for the settles under way now, not for those that begin meanwhile. */
  async settled(timeout_ms: number): Promise<void> {
    if (this.#settling.size > 0) await within(Promise.all(this.#settling), timeout_ms);
  }

  /** Admits nothing more and waits for what is under way, at most `timeout_ms`. */
  async drain(timeout_ms: number): Promise<void> {
    this.#closed = true;
    if (this.#count === 0) return;
    await within(new Promise<void>((resolve) => this.#waiting.push(resolve)), timeout_ms);
  }
}

async function within(work: Promise<unknown>, timeout_ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeout_ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
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
  let finish: () => void = () => {};
  void inFlight.track(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
  );
  let begun = false;
  let pulling = false;
  let late: T | undefined;
  const done = (): void => {
    ends.over.removeEventListener('abort', cut);
    finish();
  };
  const leave = async (): Promise<IteratorResult<T>> => {
    if (!begun) void inFlight.track(ends.abandoned());
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
    void leave();
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
