import { readFileSync } from 'node:fs';

import { scratchFolder } from '@purser/embedded';

import { type Purser, startPurser } from '../gateway/peers.ts';
import { residentMegabytes } from '../processes.ts';
import { heading, machine, table } from '../report.ts';

const ROWS = { quick: 100_000, full: 1_000_000 };
const MEMORY_MAX_MB = 300;
/** Of each thousand, how many are no address, and how many name one that was named before. */
const WRONG = { invalid: 2, repeated: 3 };
const PIECE_ROWS = 1_000;

/** A file of recipients, as a browser sends it, into a program as `npm run up` starts it: how fast, and with how much memory. */
export async function benchCampaigns(quick: boolean): Promise<void> {
  const rows = quick ? ROWS.quick : ROWS.full;
  await using scratch = await scratchFolder();
  const purser = await startPurser(scratch.folder, { PURSER_LOG_LEVEL: 'error' });
  try {
    const id = await begin(purser);
    const idle = residentMegabytes(purser.pid);
    const began = performance.now();
    const answer = await upload(purser, id, rows);
    const seconds = (performance.now() - began) / 1_000;
    const peak = peakMegabytes(purser.pid);
    const expected = rows - (rows / 1_000) * (WRONG.invalid + WRONG.repeated);
    if (answer.added !== expected) throw new Error(`${answer.added} of ${expected} recipients were added`);
    heading('Campaigns');
    console.log(
      `${machine()}. ${rows.toLocaleString('en')} rows of an address and two fields, as text/csv; embedded PostgreSQL with fsync.\n`,
    );
    table(
      ['a file of recipients', ''],
      [
        ['rows a second, from the first byte to the answer', (rows / seconds).toFixed(0)],
        ['took', `${seconds.toFixed(1)} s`],
        ['memory of the server before, MB', idle.toFixed(0)],
        ['the most it had, MB', `${peak.toFixed(0)}${peak < MEMORY_MAX_MB ? '' : ` (**not** under ${MEMORY_MAX_MB})`}`],
      ],
    );
  } finally {
    await purser.stop();
  }
}

async function begin({ origin, headers }: Purser): Promise<string> {
  const answer = await fetch(`${origin}/api/campaigns`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'Hello {{name}}', text: 'From {{city}}' }),
  });
  return (await read<{ readonly id: string }>(answer)).id;
}

async function upload({ origin, headers }: Purser, id: string, rows: number): Promise<{ readonly added: number }> {
  const request: RequestInit & { readonly duplex: 'half' } = {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/csv' },
    body: ReadableStream.from(pieces(rows)),
    duplex: 'half',
  };
  return read(await fetch(`${origin}/api/campaigns/${id}/recipients`, request));
}

async function read<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw new Error(`${answer.url} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

function* pieces(rows: number): Generator<Uint8Array> {
  yield Buffer.from('email,name,city\n');
  for (let from = 0; from < rows; from += PIECE_ROWS) {
    const lines = Array.from({ length: PIECE_ROWS }, (_, index) => line(from + index, index));
    yield Buffer.from(lines.join(''));
  }
}

function line(number: number, of_thousand: number): string {
  if (of_thousand < WRONG.invalid) return `nobody ${number},Nobody,Nowhere\n`;
  const repeats = of_thousand < WRONG.invalid + WRONG.repeated;
  // The one after them of the same thousand; what is named first holds.
  const named = repeats ? number - of_thousand + PIECE_ROWS - 1 : number;
  return `recipient${named}@example.com,"Name ${number}",Bonn\n`;
}

/** The most resident memory that a process ever had, in MB. Linux only. */
function peakMegabytes(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}
