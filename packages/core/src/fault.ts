/**
 * Something broke that is not the caller's doing. A fault knows whether the same call may succeed later.
 * `message` is public and names no secret; `cause` is for the log.
 */
export class Fault extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'Fault';
    this.retryable = options.retryable;
  }
}

/** A broken invariant of our own. Work stops; nothing is guessed. */
export class BrokenInvariant extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenInvariant';
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BrokenInvariant(message);
}

/** Ends a switch over a closed union: a new member is a type error here, and unknown data is a broken invariant. */
export function unreachable(value: never): never {
  throw new BrokenInvariant(`unexpected value ${JSON.stringify(value)}`);
}
