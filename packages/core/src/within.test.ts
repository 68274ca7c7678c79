import { getEventListeners } from 'node:events';

import { expect, test, vi } from 'vitest';

import { doneWithin } from './within.ts';

const never = new Promise<void>(() => {});

test('work that is done in time is waited for, and leaves neither a timer nor a listener behind', async () => {
  vi.useFakeTimers();
  try {
    const { signal } = new AbortController();
    expect(await doneWithin(Promise.resolve('done'), 60_000)).toBe(true);
    expect(await doneWithin(Promise.resolve(), signal)).toBe(true);
    await expect(doneWithin(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken');
    await expect(doneWithin(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  } finally {
    vi.useRealTimers();
  }
});

test('work that is not done is left when its time is over, its signal comes, or has come before', async () => {
  expect(await doneWithin(never, 1)).toBe(false);
  const leaving = new AbortController();
  const waiting = doneWithin(never, leaving.signal);
  leaving.abort();
  expect(await waiting).toBe(false);
  expect(await doneWithin(never, leaving.signal)).toBe(false);
});

test('work that fails after it was left is no unheard failure', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  expect(await doneWithin(promise, 1)).toBe(false);
  reject(new Error('too late to matter'));
  await new Promise(setImmediate);
});
