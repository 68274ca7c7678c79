/*
 * Arrays as Postgres sends and receives them in binary (`array_recv`): no text to write here and none to parse there, which is a
 * tenth of what a large batch costs the database. A null element does not occur.
 */

/** Object identifiers of element types, from `pg_type.dat`. */
const OID = { uuid: 2950, bigint: 20, integer: 23, text: 25, char: 18, timestamptz: 1184 };
const HEADER = 20;

function start(count: number, bytes: number, element: number): Buffer {
  const buffer = Buffer.allocUnsafe(count === 0 ? 12 : HEADER + bytes);
  buffer.writeInt32BE(count === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(0, 4);
  buffer.writeInt32BE(element, 8);
  if (count === 0) return buffer;
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

export function bigints(values: readonly bigint[]): Buffer {
  return wide(values, OID.bigint);
}

function wide(values: readonly bigint[], element: number): Buffer {
  const buffer = start(values.length, values.length * 12, element);
  let at = HEADER;
  for (const value of values) {
    buffer.writeInt32BE(8, at);
    buffer.writeBigInt64BE(value, at + 4);
    at += 12;
  }
  return buffer;
}

export function integers(values: readonly number[]): Buffer {
  const buffer = start(values.length, values.length * 8, OID.integer);
  let at = HEADER;
  for (const value of values) {
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer;
}

/** Of the type `"char"`: one byte each. */
export function chars(values: readonly string[]): Buffer {
  const buffer = start(values.length, values.length * 5, OID.char);
  let at = HEADER;
  for (const value of values) {
    buffer.writeInt32BE(1, at);
    buffer[at + 4] = value.charCodeAt(0);
    at += 5;
  }
  return buffer;
}

/** Postgres counts microseconds from the year 2000. */
const EPOCH_MS = 946_684_800_000;

/** To the millisecond. */
export function instants(values: readonly Temporal.Instant[]): Buffer {
  return wide(
    values.map((value) => BigInt((value.epochMilliseconds - EPOCH_MS) * 1000)),
    OID.timestamptz,
  );
}

export function texts(values: readonly string[]): Buffer {
  const lengths = values.map((value) => Buffer.byteLength(value));
  const buffer = start(
    values.length,
    lengths.reduce((sum, length) => sum + 4 + length, 0),
    OID.text,
  );
  let at = HEADER;
  for (const [index, value] of values.entries()) {
    buffer.writeInt32BE(lengths[index] ?? 0, at);
    at += 4 + buffer.write(value, at + 4);
  }
  return buffer;
}

export function uuids(values: readonly string[]): Buffer {
  const buffer = start(values.length, values.length * 20, OID.uuid);
  let at = HEADER;
  for (const value of values) {
    buffer.writeInt32BE(16, at);
    if (!writeUuid(buffer, value, at + 4)) throw new TypeError(`not a UUID: ${value}`);
    at += 20;
  }
  return buffer;
}

const LENGTH = 36;

/** Two hexadecimal digits at a time; the four dashes lie before bytes 4, 6, 8 and 10. */
function writeUuid(buffer: Buffer, value: string, offset: number): boolean {
  if (value.length !== LENGTH) return false;
  let wrong = 0;
  let from = 0;
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) from++;
    const digits = (digit(value.charCodeAt(from)) << 4) | digit(value.charCodeAt(from + 1));
    wrong |= digits;
    buffer[offset + byte] = digits;
    from += 2;
  }
  return wrong >= 0;
}

/** The value of a hexadecimal digit, −1 of anything else. */
function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
