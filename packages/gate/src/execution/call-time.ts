/**
 * How long a provider may still work on a call: until its deadline, and when the client has left only for the drain, so that
 * what was spent is learnt rather than guessed.
 */
export class CallTime {
  readonly #controller = new AbortController();
  readonly #client: AbortSignal;
  readonly #drain_ms: number;
  readonly #deadline: NodeJS.Timeout;
  #drain: NodeJS.Timeout | undefined;
  readonly #onLeave = (): void => this.leave();

  constructor(client: AbortSignal, deadline_ms: number, drain_ms: number) {
    this.#client = client;
    this.#drain_ms = drain_ms;
    this.#deadline = setTimeout(() => this.#controller.abort(), Math.max(0, deadline_ms - performance.now()));
    if (client.aborted) this.leave();
    else client.addEventListener('abort', this.#onLeave, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get clientLeft(): boolean {
    return this.#drain !== undefined;
  }

  /** The client has left: the drain begins. */
  leave(): void {
    this.#drain ??= setTimeout(() => this.#controller.abort(), this.#drain_ms);
  }

  end(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#drain);
    this.#client.removeEventListener('abort', this.#onLeave);
  }
}
