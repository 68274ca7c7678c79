import { type Refusal, refuse } from '@purser/core';

/** What this process takes on at once; beyond it, it says so instead of queueing without end. */
export interface Bounds {
  readonly requests_max: number;
  /** Sum of the bodies being read or worked on. */
  readonly body_bytes_max: number;
  readonly connections_max: number;
  /** From one address; not behind a proxy, where all come from the same. */
  readonly connections_address_max: number;
  /** Of one body, on the routes that take prompts; others take `small_body_bytes_max`. */
  readonly prompt_body_bytes_max: number;
  readonly small_body_bytes_max: number;
  /** Of one form with files. */
  readonly upload_body_bytes_max: number;
  /** Requests with a wrong credential, or without one where one is needed, per address and minute. */
  readonly anonymous_per_minute_max: number;
  /** Requests without a credential where none is needed, per address and minute. */
  readonly public_per_minute_max: number;
  readonly headers_timeout_ms: number;
  readonly request_timeout_ms: number;
}

export const BOUNDS: Bounds = {
  requests_max: 2_048,
  body_bytes_max: 256 * 1024 * 1024,
  connections_max: 8_192,
  connections_address_max: 1_024,
  prompt_body_bytes_max: 4 * 1024 * 1024,
  small_body_bytes_max: 64 * 1024,
  upload_body_bytes_max: 26 * 1024 * 1024,
  anonymous_per_minute_max: 120,
  public_per_minute_max: 1_200,
  headers_timeout_ms: 10_000,
  request_timeout_ms: 30_000,
};

/** Counts what is in flight. `enter` refuses or returns the one function that ends what it began. */
export class InFlight {
  #requests = 0;
  #bytes = 0;
  #draining = false;
  readonly #bounds: Pick<Bounds, 'requests_max' | 'body_bytes_max'>;

  constructor(bounds: Pick<Bounds, 'requests_max' | 'body_bytes_max'>) {
    this.#bounds = bounds;
  }

  get requests(): number {
    return this.#requests;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on nothing new is taken on. */
  drain(): void {
    this.#draining = true;
  }

  /** `body_bytes` is what the request may send: its content-length, or the route's limit when it did not say. */
  enter(body_bytes: number): (() => void) | Refusal {
    if (this.#draining) return refuse('overloaded', 'the server is stopping; send the request again', { retryAfterSeconds: 5 });
    if (this.#requests >= this.#bounds.requests_max || this.#bytes + body_bytes > this.#bounds.body_bytes_max) {
      return refuse('overloaded', `${this.#requests} requests are being answered, which is the limit of this server`, {
        retryAfterSeconds: 1,
      });
    }
    this.#requests += 1;
    this.#bytes += body_bytes;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#requests -= 1;
      this.#bytes -= body_bytes;
    };
  }
}
