import type { Reply } from './reply.ts';

/** A provider's protocol, spoken from the server's side. */
export interface Wire {
  /** The body of an answer in one piece. */
  whole(reply: Reply): unknown;
  /** A stream's events, framed; the first and last few carry no text. */
  events(reply: Reply): string[];
  /** An error inside a stream. */
  streamError(): string;
  /** The body of an error answer. */
  error(status: number, message: string): unknown;
}

export function dataEvent(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function namedEvent(name: string, value: unknown): string {
  return `event: ${name}\n${dataEvent(value)}`;
}
