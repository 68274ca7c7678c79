import type { Usage } from '@purser/money';
import type { Finish } from './provider.ts';
import { higherUsage, NO_REPORT, type UsageReport } from './usage-report.ts';

/** An error that a provider told inside an answer it had begun with status 200. */
export interface SpokenError {
  /** Its type, status and code as one text: what kind of failure it is. */
  readonly type: string;
  readonly message: string;
}

/**
 * What an answer has said so far. Each protocol's reader notes what its events say; what follows from it (which usage is the bill,
 * whether there is an answer at all) is decided here, once for every protocol, whole or streaming.
 */
export class AnswerRecord {
  /** The model that the provider says it ran. */
  model: string | undefined;
  /** Why generation ended; null as long as the provider has not said. */
  finish: Finish | null = null;
  /** The text at which it was told to stop, where the provider says which. */
  stop_sequence: string | undefined;
  /** The protocol's own last word was read (`[DONE]`, `message_stop`): nothing comes after it. */
  terminated = false;
  error: SpokenError | null = null;
  /** How the provider says it processed the call, where that is not its standard way. */
  service_tier: string | undefined;
  /** Events that carried something generated, and the bytes of it, visible reasoning included. */
  pieces = 0;
  bytes = 0;
  /** Bytes of what a caller can use: text, refusals, tool calls. Thoughts are no answer. */
  said_bytes = 0;
  /** Usage reports read, those included that cannot be so. */
  reports = 0;
  #usage: Usage | null = null;
  #final = false;
  #whole = false;

  /** Read from one body rather than from a stream: all of it is there. */
  noteWhole(): void {
    this.#whole = true;
    this.terminated = true;
  }

  /**
   * The connection ended as it should, without the protocol's last word. Nothing is missing where the provider had said why it ended and
   * what it bills.
   */
  endWithoutLastWord(): void {
    if (this.finish !== null && this.error === null && this.report.certainty === 'final') this.terminated = true;
  }

  noteGenerated(said_bytes: number, thought_bytes: number): void {
    if (said_bytes + thought_bytes === 0) return;
    this.pieces += 1;
    this.bytes += said_bytes + thought_bytes;
    this.said_bytes += said_bytes;
    // What was reported before was not all, whatever had been said of an end.
    if (!this.#whole) this.#final = false;
  }

  /** A report, read after what its event says of text and end; null: one that cannot be so. */
  noteUsage(usage: Usage | null): void {
    this.reports += 1;
    this.#final = usage !== null && this.#ended;
    if (usage !== null) this.#usage = higherUsage(this.#usage, usage);
  }

  get #ended(): boolean {
    return this.#whole || this.finish !== null || this.error !== null;
  }

  /** The highest usage seen is a lower bound; one that came with the end or after it is the bill. */
  get report(): UsageReport {
    if (this.#usage === null) return NO_REPORT;
    // Text that took no tokens is a count left out, not a gift.
    const possible = this.bytes === 0 || this.#usage.output_tokens > 0;
    const usage = this.service_tier === undefined ? this.#usage : { ...this.#usage, service_tier: this.service_tier };
    return { certainty: this.#final && possible ? 'final' : 'at_least', usage };
  }

  /** The provider has said that it finished, and ended as its protocol ends. */
  get complete(): boolean {
    return this.terminated && this.error === null && (this.finish !== null || (this.#whole && !this.empty));
  }

  /** Nothing in it that anybody could use. */
  get empty(): boolean {
    return this.said_bytes === 0;
  }

  /**
   * There is an answer. One that is empty because of the limit or a filter is passed on with that reason, and sold to nobody: another
   * provider would not cure it. One that is empty without a reason is none.
   */
  get isAnswer(): boolean {
    return this.complete && (!this.empty || this.finish === 'length' || this.finish === 'content_filter');
  }
}
