import { type Clock, systemClock } from '@purser/core';

import type { SealedStorage } from './sealed-storage.ts';

/** Milliseconds since 1970, from what the system's clock calls a time to what ours does, and back. */
export interface ClockShift {
  toOurs(system_ms: number): number;
  toSystem(our_ms: number): number;
}

export function shiftBetween(ours: Clock, system: Clock = systemClock): ClockShift {
  const ahead_ms = (): number => ours.now().epochMilliseconds - system.now().epochMilliseconds;
  return { toOurs: (system_ms) => system_ms + ahead_ms(), toSystem: (our_ms) => our_ms - ahead_ms() };
}

/**
 * better-auth reads the system's clock and lets nobody give it another one. So what it keeps here ends by ours: each time at which
 * something expires is shifted on its way in and out, and what it compares with the system's clock has the time left that ours says.
 */
export function expiringBy(shift: ClockShift, storage: SealedStorage): SealedStorage {
  const kept = (value: string): string => shifted(value, (ms) => shift.toOurs(ms));
  const shown = (value: string | null): string | null => value && shifted(value, (ms) => shift.toSystem(ms));
  return {
    ...storage,
    get: async (key) => shown(await storage.get(key)),
    getAndDelete: async (key) => shown(await storage.getAndDelete(key)),
    set: (key, value, ttl_seconds, about) => storage.set(key, kept(value), ttl_seconds, about),
    replace: (key, value, ttl_seconds) => storage.replace(key, kept(value), ttl_seconds),
  };
}

/** An instant as text in sessions and links, milliseconds in its list of the sessions of a person. */
function shifted(json: string, move: (ms: number) => number): string {
  return JSON.stringify(
    JSON.parse(json, (name, value: unknown) => {
      if (name !== 'expiresAt') return value;
      if (typeof value === 'number') return move(value);
      return typeof value === 'string' ? new Date(move(Date.parse(value))).toISOString() : value;
    }),
  );
}
