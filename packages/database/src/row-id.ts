import { createHash, randomUUIDv7 } from 'node:crypto';

import type { Id } from '@purser/core';

/** A fresh UUIDv7: time-ordered, so indexes on it grow at one end. */
export function newId<Kind extends string>(): Id<Kind> {
  return randomUUIDv7() as Id<Kind>;
}

/** The same for everyone who names the same thing: a UUIDv8 of SHA-256. */
export function derivedId<Kind extends string>(...name: readonly string[]): Id<Kind> {
  const hash = createHash('sha256').update(name.join('\n')).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}` as Id<Kind>;
}
