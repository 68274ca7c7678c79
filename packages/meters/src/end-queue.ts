import type { HoldId } from '@purser/core';

import type { EndOutcome, EndRequest } from './hold.ts';
import type { Waiting } from './waiting.ts';

export interface WaitingEnd extends Waiting<EndRequest, EndOutcome> {
  /** Nobody waits for it: its answer has left, and its hold stands for it on disk. */
  readonly deferred: boolean;
}

/** So many ends are worth a batch of their own statements at once, and so many when no hold waits for it. */
const WORTH_SENDING = 64;
const WORTH_SENDING_ALONE = 16;

/**
 * The ends that wait for a batch. Their statements cost a batch as much as its holds do, and callers wait for holds: so ends gather.
 * One that someone waits for goes as soon as no hold waits, and stays behind holds for `wait_ms` at most; deferred ones gather for
 * `deferred_ms`, or until there are enough of them, whether or not there is anything else to do.
 */
export class EndQueue {
  readonly #waitMs: number;
  readonly #deferredMs: number;
  #waiting: WaitingEnd[] = [];
  /** When the first of them is due, as `performance.now()`: behind holds, and when no hold waits. */
  #dueBehindHolds = Number.POSITIVE_INFINITY;
  #dueAlone = Number.POSITIVE_INFINITY;

  constructor(wait_ms: number, deferred_ms: number) {
    this.#waitMs = wait_ms;
    this.#deferredMs = deferred_ms;
  }

  get length(): number {
    return this.#waiting.length;
  }

  push(end: WaitingEnd): void {
    this.#waiting.push(end);
    this.#count(end);
  }

  /** Milliseconds until they should be sent; 0: now; infinite when there are none. */
  dueIn(behindHolds: boolean): number {
    if (this.#waiting.length >= (behindHolds ? WORTH_SENDING : WORTH_SENDING_ALONE)) return 0;
    const due = behindHolds ? this.#dueBehindHolds : this.#dueAlone;
    return due === Number.POSITIVE_INFINITY ? due : Math.max(0, due - performance.now());
  }

  /** Somebody waits for them now. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#dueBehindHolds = 0;
    this.#dueAlone = 0;
  }

  /** Whether an end waits that was asked before this ticket was drawn. */
  hasBefore(ticket: number): boolean {
    return this.#waiting.some((end) => end.ticket < ticket);
  }

  /**
   * The ends of the next batch. A second end of one hold waits for the batch after, where it meets what the first has made of the
   * hold. Of the answers that are kept no more than `answer_chars_max` go at once: every hold of the server waits for the batch before it.
   */
  take(max: number, answer_chars_max = Number.POSITIVE_INFINITY): WaitingEnd[] {
    const first = new Map<HoldId, WaitingEnd>();
    const later: WaitingEnd[] = [];
    let chars = 0;
    for (const end of this.#waiting.splice(0, max)) {
      chars += answerChars(end);
      if (first.has(end.request.hold) || (first.size > 0 && chars > answer_chars_max)) later.push(end);
      else first.set(end.request.hold, end);
    }
    this.#waiting.unshift(...later);
    this.#dueBehindHolds = Number.POSITIVE_INFINITY;
    this.#dueAlone = Number.POSITIVE_INFINITY;
    for (const end of this.#waiting) this.#count(end);
    return [...first.values()];
  }

  #count({ asked_at, deferred }: WaitingEnd): void {
    this.#dueBehindHolds = Math.min(this.#dueBehindHolds, asked_at + (deferred ? this.#deferredMs : this.#waitMs));
    this.#dueAlone = Math.min(this.#dueAlone, asked_at + (deferred ? this.#deferredMs : 0));
  }
}

function answerChars({ request }: WaitingEnd): number {
  return request.kind === 'settle' ? (request.answer?.length ?? 0) : 0;
}
