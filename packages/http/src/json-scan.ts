import { type Refusal, refuse } from '@purser/core';

/** Deeper than any request of ours or of a provider's; a parser would go on to the depth of the body's length. */
const DEPTH_MAX = 64;
/** Members of objects and elements of arrays together: what a parsed body takes in memory goes by these, not by its bytes. */
const VALUES_MAX = 100_000;
/**
 * Members of one object: whatever copies or walks an object takes a hundred times longer for each member when there are tens of thousands.
 * OpenAI takes schemas of up to 5,000 properties.
 */
const MEMBERS_MAX = 5_000;
/** A name of a user is at most 256 characters; written in escapes each takes twelve bytes at most. */
const USER_BYTES_MAX = 4_096;
const KEY_BYTES_MAX = 64;

/** So far below that no array counts up to the members of an object. */
const NO_OBJECT = -VALUES_MAX;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_ARRAY = 0x5d;
const CLOSE_OBJECT = 0x7d;

export interface Scanned {
  /** The member `user` of the whole, where it is a text. */
  readonly user: string | undefined;
}

/**
 * Goes once over the bytes of a JSON body before anything is made of them: how deep it is, how many values it holds, and which user it
 * names. It does not judge whether the bytes are JSON; the parser does.
 */
export function scanJson(body: Buffer): Scanned | Refusal {
  let depth = 0;
  let values = 0;
  /** Of the object or array that is open at each depth; an array counts none. */
  const members = new Int32Array(DEPTH_MAX + 1).fill(NO_OBJECT);
  let user: string | undefined;
  /** The last text at the first depth, and whether a colon came after it. */
  let key: { readonly start: number; readonly end: number } | undefined;
  let named = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) {
      const start = at;
      at = endOfText(body, at);
      if (depth !== 1) continue;
      if (named && key !== undefined && isUser(body, key)) user = textIn(body, start, at + 1, USER_BYTES_MAX);
      key = named ? undefined : { start, end: at + 1 };
      named = false;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1;
      values += 1;
      if (depth > DEPTH_MAX) return tooDeep();
      if (values > VALUES_MAX) return tooMany();
      members[depth] = byte === OPEN_OBJECT ? 1 : NO_OBJECT;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
    } else if (byte === COMMA) {
      values += 1;
      if (values > VALUES_MAX) return tooMany();
      const counted = (members[depth] ?? NO_OBJECT) + 1;
      if (counted > MEMBERS_MAX) return tooWide();
      members[depth] = counted;
      if (depth === 1) [key, named] = [undefined, false];
    } else if (byte === COLON && depth === 1) {
      named = true;
    }
  }
  return { user };
}

function tooDeep(): Refusal {
  return refuse('invalid_request', `the body is nested deeper than ${DEPTH_MAX} levels, which is the limit`);
}

function tooMany(): Refusal {
  return refuse(
    'invalid_request',
    `the body has more than ${VALUES_MAX} members and elements, which is the limit; send less at a time`,
  );
}

function tooWide(): Refusal {
  return refuse('invalid_request', `an object of the body has more than ${MEMBERS_MAX} members, which is the limit; send fewer`);
}

/** Longer texts are searched as a whole, which pays from there on. */
const SEARCHED_FROM = 64;

/** The place of the quote that ends the text which begins at `at`; the end of the body where none does. */
function endOfText(body: Buffer, at: number): number {
  let end = at + 1;
  let walked = Math.min(end + SEARCHED_FROM, body.length);
  for (;;) {
    for (; end < walked; end += 1) {
      const byte = body[end];
      if (byte === QUOTE) return end;
      if (byte === BACKSLASH) end += 1;
    }
    if (end >= body.length) return end;
    const quote = body.indexOf(QUOTE, end);
    if (quote === -1) return body.length;
    let escapes = quote;
    while (escapes > end && body[escapes - 1] === BACKSLASH) escapes -= 1;
    if ((quote - escapes) % 2 === 0) return quote;
    // Texts in which quotes are escaped have many of them.
    end = quote + 1;
    walked = Math.min(end + SEARCHED_FROM, body.length);
  }
}

const USER = Buffer.from('"user"');

/** Asked of every name at the first depth: only one with an escape in it has to be read to be known. */
function isUser(body: Buffer, { start, end }: { readonly start: number; readonly end: number }): boolean {
  const length = end - start;
  if (length < USER.length || length > KEY_BYTES_MAX) return false;
  if (length === USER.length) return USER.equals(body.subarray(start, end));
  for (let at = start; at < end; at += 1) if (body[at] === BACKSLASH) return textIn(body, start, end, KEY_BYTES_MAX) === 'user';
  return false;
}

function textIn(body: Buffer, start: number, end: number, bytes_max: number): string | undefined {
  if (end - start > bytes_max) return undefined;
  try {
    const text: unknown = JSON.parse(body.toString('utf8', start, end));
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
