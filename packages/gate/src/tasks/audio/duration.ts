import { parseBuffer } from 'music-metadata';

/** What is measured is at most so much of it; the rest is taken to be like it. */
const MEASURED_BYTES_MAX = 3_000_000;
/** OpenAI's `pcm`: 24 kHz, 16 bits, one channel, without a header. */
const PCM_BYTES_A_SECOND = 48_000;

/**
 * Seconds of sound that was made, begun ones whole, of its beginning and its size in bytes: by the count of bytes where that says it, else
 * as the container tells it. Undefined where nothing tells.
 */
export async function secondsMade(format: string, head: Buffer, bytes: number): Promise<number | undefined> {
  if (format === 'pcm') return Math.ceil(bytes / PCM_BYTES_A_SECOND);
  const measured = head.subarray(0, MEASURED_BYTES_MAX);
  try {
    // A stream's header does not know how long it becomes, so what is here is counted as if it were all.
    const { format: found } = await parseBuffer(measured, { size: measured.length }, { duration: true, skipCovers: true });
    const { duration } = found;
    if (duration === undefined || !Number.isFinite(duration) || duration <= 0) return undefined;
    return Math.ceil(duration * (bytes / measured.length));
  } catch {
    return undefined;
  }
}
