import { parentPort, workerData } from 'node:worker_threads';

import { parseBuffer } from 'music-metadata';

import type { Told } from './told-seconds.ts';

async function read(bytes: Uint8Array): Promise<Told> {
  const { format } = await parseBuffer(bytes, { size: bytes.length }, { skipCovers: true, skipPostHeaders: true });
  const { container, duration } = format;
  if (container === undefined) return 'none';
  return duration !== undefined && Number.isFinite(duration) && duration > 0 ? Math.ceil(duration) : 'unsaid';
}

parentPort?.postMessage(await read(workerData as Uint8Array).catch((): Told => 'none'), []);
