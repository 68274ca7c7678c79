import { Worker } from 'node:worker_threads';

/** What a container says of its length: its seconds, that it says nothing (`unsaid`), or that it is no recording (`none`). */
export type Told = number | 'unsaid' | 'none';

/** A header takes milliseconds; one that takes longer was made to. */
const TIMEOUT_MS = 3_000;
/** So many are read at once; others wait for their turn. */
const AT_ONCE_MAX = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** Reads a header written by strangers beside the program rather than in it: whatever it holds, nobody else waits for it. */
export async function toldSeconds(bytes: Uint8Array): Promise<Told> {
  if (running >= AT_ONCE_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await readBeside(bytes);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

function readBeside(bytes: Uint8Array): Promise<Told> {
  const worker = new Worker(new URL('./told-seconds.worker.ts', import.meta.url), {
    workerData: bytes,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  return new Promise<Told>((resolve) => {
    const end = (told: Told): void => {
      clearTimeout(timer);
      resolve(told);
      worker.terminate().catch(() => undefined);
    };
    const timer = setTimeout(() => end('none'), TIMEOUT_MS);
    worker.once('message', (told: Told) => end(told)).once('error', () => end('none'));
  });
}
