import * as crypto from 'node:crypto';

/* What our packages import as `node:crypto`, with what Node below 26 does not have. `build.mjs` puts it there. */

export * from 'node:crypto';

const SEQUENCE_MAX = 0xfff;
let last_ms = 0;
let sequence = 0;

/** RFC 9562, version 7: later ones sort behind earlier ones, also within a millisecond of this process. */
function uuidv7(): string {
  const now_ms = Date.now();
  if (now_ms > last_ms) {
    last_ms = now_ms;
    sequence = crypto.randomInt(SEQUENCE_MAX >> 2);
  } else if (++sequence > SEQUENCE_MAX) {
    last_ms += 1;
    sequence = 0;
  }
  const time = last_ms.toString(16).padStart(12, '0');
  const rest = crypto.randomBytes(8);
  rest[0] = 0x80 | ((rest[0] ?? 0) & 0x3f);
  const random = rest.toString('hex');
  const counter = sequence.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${random.slice(0, 4)}-${random.slice(4)}`;
}

export const randomUUIDv7: typeof crypto.randomUUIDv7 =
  (crypto as { randomUUIDv7?: typeof crypto.randomUUIDv7 }).randomUUIDv7 ?? (uuidv7 as typeof crypto.randomUUIDv7);
