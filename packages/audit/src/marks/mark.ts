import type { Queryable } from '@purser/database';
import { z } from 'zod';

import { SOURCES } from '../block.ts';
import { digestPart } from '../digest-part.ts';

const position = z.string().regex(/^-?\d{1,19}$/);
const newest = z.object({ xid: position, id: position, digest: z.string().regex(/^[0-9a-f]{64}$/) });

/** Where books and audit log had come to at a moment: kept outside the database, it tells later what is missing in it. */
export const Mark = z.object({
  at: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  installation: z.string(),
  newest: z.partialRecord(z.enum(SOURCES), newest),
});
export type Mark = z.infer<typeof Mark>;

/** What can be seen to be committed at this moment; two look-ups by primary key for each source. */
export async function readMark(queryable: Queryable, now: Temporal.Instant): Promise<Mark> {
  const { rows } = await queryable.query<{
    installation: string;
    source: (typeof SOURCES)[number] | null;
    xid: bigint;
    id: bigint;
  }>(
    `select base.installation_id()::text as installation, source, xid, id from (values (1)) one left join audit.newest_rows() on true`,
  );
  const found: Mark['newest'] = {};
  for (const { source, xid, id } of rows) {
    if (source === null) continue;
    found[source] = { xid: xid.toString(), id: id.toString(), digest: await digestOf(queryable, source, xid, id) };
  }
  return { at: now.toString(), installation: rows[0]?.installation ?? '', newest: found };
}

/** Whether every row that a mark names is in the database as it was. */
export async function isHere(queryable: Queryable, mark: Mark): Promise<boolean> {
  for (const source of SOURCES) {
    const row = mark.newest[source];
    if (row !== undefined && (await digestOf(queryable, source, BigInt(row.xid), BigInt(row.id))) !== row.digest) return false;
  }
  return true;
}

async function digestOf(queryable: Queryable, source: (typeof SOURCES)[number], xid: bigint, id: bigint): Promise<string> {
  // Of its facts: an erasure replaces texts, and nothing is missing then.
  return (await digestPart(queryable, source, { xid, id: id - 1n }, { xid, id }, 1, 'facts')).digest;
}
