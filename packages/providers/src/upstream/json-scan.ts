/**
 * Reads single members out of JSON text without parsing the rest. The text may be Latin-1 decoded bytes: every sign of JSON's
 * grammar is ASCII, and inside a JSON string a quote is always escaped, so `"usage"` with bare quotes is never model output.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COLON = 0x3a;
const LETTER_U = 0x75;

function afterSpace(text: string, from: number): number {
  let at = from;
  for (
    let code = text.charCodeAt(at);
    code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
    code = text.charCodeAt(at)
  )
    at += 1;
  return at;
}

/** Where the value of a member begins, given where its quoted key ends; -1 when that was a value and no key. */
function valueStart(text: string, keyEnd: number): number {
  const colon = afterSpace(text, keyEnd);
  return text.charCodeAt(colon) === COLON ? afterSpace(text, colon + 1) : -1;
}

/** The index of the quote that closes the string opened just before `from`; -1 when it is cut off. */
function stringEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return -1;
}

/** The object that begins at `from`, parsed; undefined when there is none or it is broken. */
function objectAt(text: string, from: number): unknown {
  if (text.charCodeAt(from) !== OPEN) return undefined;
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at + 1);
      if (at === -1) return undefined;
    } else if (code === OPEN) depth += 1;
    else if (code === CLOSE && --depth === 0) return parsed(text.slice(from, at + 1));
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The last member of that name whose value is an object; `quotedKey` comes with its quotes. Undefined when there is none. */
export function lastObjectMember(text: string, quotedKey: string): unknown {
  for (let at = text.lastIndexOf(quotedKey); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(quotedKey, at - 1)) {
    const from = valueStart(text, at + quotedKey.length);
    const value = from === -1 ? undefined : objectAt(text, from);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The most UTF-8 bytes a `\\u` escape stands for. */
const ESCAPED_BYTES_MAX = 3;

/** The bytes that the string value between two quotes says; `text` is Latin-1 decoded. */
function stringBytes(text: string, from: number, end: number): number {
  let bytes = end - from;
  for (let at = text.indexOf('\\', from); at !== -1 && at < end; at = text.indexOf('\\', at)) {
    const unicode = text.charCodeAt(at + 1) === LETTER_U;
    bytes -= unicode ? 6 - ESCAPED_BYTES_MAX : 1;
    at += unicode ? 6 : 2;
  }
  return bytes;
}

/** Sums the bytes of the string values of `members`, at any depth, inside every object that is the value of `quotedKey`. One pass. */
export function stringBytesWithin(text: string, quotedKey: string, members: ReadonlySet<string>): number {
  let bytes = 0;
  let end = 0;
  for (let at = text.indexOf(quotedKey); at !== -1; at = text.indexOf(quotedKey, end)) {
    end = at + quotedKey.length;
    const from = valueStart(text, end);
    if (from === -1 || text.charCodeAt(from) !== OPEN) continue;
    let depth = 0;
    let key = '';
    for (end = from; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === OPEN) depth += 1;
      else if (code === CLOSE && --depth === 0) break;
      if (code !== QUOTE) continue;
      const close = stringEnd(text, end + 1);
      if (close === -1) return bytes;
      const colon = afterSpace(text, close + 1);
      if (text.charCodeAt(colon) === COLON) {
        key = text.slice(end + 1, close);
        end = colon;
      } else {
        if (members.has(key)) bytes += stringBytes(text, end + 1, close);
        end = close;
      }
    }
  }
  return bytes;
}
