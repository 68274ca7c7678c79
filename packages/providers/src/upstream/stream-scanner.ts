import type { Usage } from '@purser/money';
import { usageFromOpenAi } from '../usage.ts';
import { lastObjectMember, stringBytesWithin } from './json-scan.ts';

/** What an OpenAI-shaped event stream said so far. */
export interface StreamSummary {
  /** The last report that can be so; null when there was none. */
  readonly usage: Usage | null;
  /** True when the provider's last report cannot be so (negative, fractional, absurd). */
  readonly usage_rejected: boolean;
  /** `[DONE]` was seen. */
  readonly done: boolean;
  /** Events that carried generated text, and the bytes of it: what was delivered when no usage comes. */
  readonly delivered: Delivered;
}

export interface Delivered {
  readonly pieces: number;
  readonly bytes: number;
}

/** An event longer than this is passed on but not read. */
const LINE_CHARACTERS_MAX = 8 * 1024 * 1024;

const USAGE = '"usage"';
/** Members of a delta whose text the model generated and the provider bills. */
const GENERATED: ReadonlySet<string> = new Set(['content', 'text', 'reasoning_content', 'reasoning', 'refusal', 'arguments']);

/**
 * Reads a server-sent event stream of chat completion chunks as it passes, in any division into byte chunks. It decodes bytes as
 * Latin-1 (one byte, one character), finds members by their quoted names, and parses nothing but usage objects.
 */
export class StreamScanner {
  #line = '';
  #overlong = false;
  #event = '';
  #usage: Usage | null = null;
  #usageRejected = false;
  #done = false;
  #pieces = 0;
  #bytes = 0;

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      const rest = text.slice(from, end);
      this.#endLine(this.#line === '' ? rest : this.#line + rest);
      this.#line = '';
      from = end + 1;
    }
    if (from === text.length) return;
    this.#line += from === 0 ? text : text.slice(from);
    if (this.#line.length > LINE_CHARACTERS_MAX) {
      this.#line = '';
      this.#overlong = true;
    }
  }

  /** The stream ended; what was not closed by a blank line is read as well. */
  end(): void {
    if (this.#line !== '') this.#endLine(this.#line);
    this.#line = '';
    this.#endEvent();
  }

  summary(): StreamSummary {
    return {
      usage: this.#usage,
      usage_rejected: this.#usageRejected,
      done: this.#done,
      delivered: { pieces: this.#pieces, bytes: this.#bytes },
    };
  }

  #endLine(line: string): void {
    if (this.#overlong) {
      this.#overlong = false;
      return;
    }
    // Bare carriage returns end lines as well, though nobody sends them.
    if (line.includes('\r')) for (const part of line.replace(/\r$/u, '').split('\r')) this.#endBareLine(part);
    else this.#endBareLine(line);
  }

  #endBareLine(line: string): void {
    if (line === '') this.#endEvent();
    else if (line.startsWith('data:')) {
      const data = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5);
      this.#event = this.#event === '' ? data : `${this.#event}\n${data}`;
    }
  }

  #endEvent(): void {
    const event = this.#event;
    if (event === '') return;
    this.#event = '';
    if (event === '[DONE]') {
      this.#done = true;
      return;
    }
    this.#readUsage(event);
    const generated = stringBytesWithin(event, '"delta"', GENERATED);
    if (generated > 0) this.#pieces += 1;
    this.#bytes += generated;
  }

  #readUsage(event: string): void {
    const report = lastObjectMember(event, USAGE);
    if (report === undefined) return;
    const usage = usageFromOpenAi(report);
    this.#usageRejected = usage === null;
    this.#usage = usage ?? this.#usage;
  }
}
