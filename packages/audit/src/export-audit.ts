import type { Pool } from '@purser/database';
import type { Position } from '@purser/ledger';

import { type Block, LINES_OF, type Part, positionText } from './block.ts';
import { readBlocks } from './read-blocks.ts';

const LINES_PER_READ = 1_000;

/** What the values of a line of each source are, in order, by name; `xid` is the number of the transaction that wrote the row. */
const COLUMNS = {
  entry: 'entry xid id workspace at actor action subject detail',
  posting: 'posting xid id workspace posted_at hold debit credit amount unit reported reported_unit plan reason',
  attempt:
    'attempt xid id workspace hold ordinal actor operation kind provider model model_version started_at duration_ms outcome ' +
    'usage cost cost_unit request_id',
};

/**
 * The sealed trail as JSON Lines: one that names the columns, then for each block its header and the canonical line of each of
 * its rows. `verifyExport` checks it without a database. Starts after block `after_seq`.
 */
export async function* exportAudit(pool: Pool, { after_seq = 0n }: { after_seq?: bigint } = {}): AsyncGenerator<string> {
  yield JSON.stringify({ trail: 1, columns: COLUMNS });
  for await (const block of readBlocks(pool, after_seq)) {
    yield headerLine(block);
    for (const part of block.parts) yield* rowLines(pool, part);
  }
}

function headerLine({ seq, previous, sealed_at, parts, digest }: Block): string {
  const wire = parts.map((part) => ({ ...part, after: positionText(part.after), through: positionText(part.through) }));
  return JSON.stringify({ block: seq.toString(), previous, sealed_at: sealed_at.toString(), digest, parts: wire });
}

async function* rowLines(pool: Pool, part: Part): AsyncGenerator<string> {
  for (let after: Position | null = part.after; ;) {
    const { rows } = await pool.query<Position & { line: string }>(
      `select xid, id, line from ${LINES_OF[part.source]}($1, $2, $3, $4, $5)`,
      [after?.xid ?? null, after?.id ?? null, part.through.xid, part.through.id, LINES_PER_READ],
    );
    for (const { line } of rows) yield line;
    const last = rows.at(-1);
    if (!last || rows.length < LINES_PER_READ) return;
    after = { xid: last.xid, id: last.id };
  }
}
