import type { Queryable } from '@purser/database';
import type { Position } from '@purser/ledger';

import { FACTS_OF, LINES_OF, type Source } from './block.ts';

export interface PartDigest {
  readonly rows: number;
  /** The last row that was read; null without rows. */
  readonly through: Position | null;
  readonly digest: string;
}

/** Digests the first `rows_max` rows of a source after one position through another, inside the database. */
export async function digestPart(
  queryable: Queryable,
  source: Source,
  after: Position | null,
  through: Position,
  rows_max: number,
  what: 'lines' | 'facts' = 'lines',
): Promise<PartDigest> {
  const { rows } = await queryable.query<{ rows: number; xid: bigint | null; id: bigint | null; digest: Buffer | null }>(
    `select count(*)::integer as rows, (array_agg(xid order by xid, id))[count(*)] as xid, (array_agg(id order by xid, id))[count(*)] as id,
       sha256(convert_to(string_agg(line, E'\\n' order by xid, id), 'UTF8')) as digest
     from ${(what === 'lines' ? LINES_OF : FACTS_OF)[source]}($1, $2, $3, $4, $5)`,
    [after?.xid ?? null, after?.id ?? null, through.xid, through.id, rows_max],
  );
  const found = rows[0];
  if (!found || found.xid === null || found.id === null || !found.digest) return { rows: 0, through: null, digest: '' };
  return { rows: found.rows, through: { xid: found.xid, id: found.id }, digest: found.digest.toString('hex') };
}
