import { randomUUIDv7 } from 'node:crypto';

import type { Id } from '@purser/core';

/** A fresh UUIDv7: time-ordered, so indexes on it grow at one end. */
export function newId<Kind extends string>(): Id<Kind> {
  return randomUUIDv7() as Id<Kind>;
}
