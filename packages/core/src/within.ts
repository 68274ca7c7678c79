/**
 * Waits for work, for so many milliseconds or until the signal at most; the work itself goes on. Whether it is done.
 * @throws what the work does in that time.
 */
export async function doneWithin(work: Promise<unknown>, limit: number | AbortSignal): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<false>();
  const end = (): void => resolve(false);
  const timer = typeof limit === 'number' ? setTimeout(end, limit) : undefined;
  const signal = typeof limit === 'number' ? undefined : limit;
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
