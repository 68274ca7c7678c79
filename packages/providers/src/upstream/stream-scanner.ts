import type { Usage } from '@purser/money';
import type { Finish } from '../provider.ts';
import { usageFromOpenAi } from '../usage.ts';
import { firstStringMember, lastObjectMember, stringBytesWithin } from './json-scan.ts';

/** What an OpenAI-shaped event stream said so far. */
export interface StreamSummary {
  /** The last report that can be so; null when there was none. */
  readonly usage: Usage | null;
  /** True when the provider's last report cannot be so (negative, fractional, absurd). */
  readonly usage_rejected: boolean;
  readonly finish: Finish | null;
  /** The model named by the provider. */
  readonly model: string | null;
  /** The provider's own error inside the stream; its words may hold anything, so they are for the log only. */
  readonly error: string | null;
  /** `[DONE]` was seen. */
  readonly done: boolean;
  readonly events: number;
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
  #finish: Finish | null = null;
  #model: string | null = null;
  #error: string | null = null;
  #done = false;
  #events = 0;
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
      finish: this.#finish,
      model: this.#model,
      error: this.#error,
      done: this.#done,
      events: this.#events,
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
    this.#events += 1;
    if (event === '[DONE]') {
      this.#done = true;
      return;
    }
    if (event.includes(USAGE)) this.#readUsage(event);
    if (event.includes('"error"')) this.#error = errorIn(event) ?? this.#error;
    this.#model ??= firstStringMember(event, '"model"');
    const generated = stringBytesWithin(event, '"delta"', GENERATED);
    if (generated > 0) this.#pieces += 1;
    this.#bytes += generated;
    const finish = firstStringMember(event, '"finish_reason"');
    if (finish !== null) this.#finish = finishOf(finish);
  }

  #readUsage(event: string): void {
    const report = lastObjectMember(event, USAGE);
    if (report === undefined) return;
    const usage = usageFromOpenAi(report);
    this.#usageRejected = usage === null;
    this.#usage = usage ?? this.#usage;
  }
}

function errorIn(event: string): string | null {
  const error = lastObjectMember(event, '"error"');
  return error === undefined ? null : (firstStringMember(JSON.stringify(error), '"message"') ?? 'unnamed error');
}

/** OpenAI's finish reasons; a tool call is a regular end. */
export function finishOf(reason: string): Finish {
  switch (reason) {
    case 'stop':
    case 'tool_calls':
    case 'function_call':
      return 'stop';
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content_filter';
    default:
      return 'other';
  }
}
