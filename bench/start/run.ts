import { scratchFolder } from '@purser/embedded';

import { type Purser, startPurser } from '../gateway/peers.ts';
import { residentMegabytes } from '../processes.ts';
import { heading, machine, median, table } from '../report.ts';

const IDLE_MS = 5_000;

/** From the command to the first answered call, on a fresh data folder and on one that is there; memory when idle. */
export async function benchStart(quick: boolean): Promise<void> {
  const first: number[] = [];
  const again: number[] = [];
  const idle: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    await using scratch = await scratchFolder();
    first.push(await once(scratch.folder));
    again.push(await once(scratch.folder, idle));
  }
  heading('Start');
  console.log(`${machine()}. The program started as \`npm run up\` does once installed, to the first answered call.\n`);
  table(
    ['', 'median'],
    [
      ['fresh data folder, to the first answer', `${(median(first) / 1000).toFixed(1)} s`],
      ['second start, to the first answer', `${(median(again) / 1000).toFixed(1)} s`],
      ['resident memory of the server, idle', `${median(idle).toFixed(0)} MB`],
    ],
  );
}

async function once(folder: string, idle?: number[]): Promise<number> {
  const began = performance.now();
  const purser = await startPurser(folder, { PURSER_LOG_LEVEL: 'error' });
  try {
    await firstCall(purser);
    const took_ms = performance.now() - began;
    if (idle) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      idle.push(residentMegabytes(purser.pid));
    }
    return took_ms;
  } finally {
    await purser.stop();
  }
}

async function firstCall(purser: Purser): Promise<void> {
  const answer = await fetch(`${purser.origin}/api/ai/generate`, {
    method: 'POST',
    headers: { ...purser.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ operation: 'summarise', prompt: 'A purser keeps the money of a ship. Nobody sails without one.' }),
  });
  if (!answer.ok) throw new Error(`the first call was answered ${answer.status}`);
  await answer.arrayBuffer();
}
