import type { Queryable } from '@purser/database';
import type { Position } from '@purser/ledger';

import type { Block, Part, Redaction, Source } from './block.ts';

const BLOCKS_PER_READ = 200;

interface PartRow {
  readonly source: Source;
  readonly after_xid: string | null;
  readonly after_id: string | null;
  readonly through_xid: string;
  readonly through_id: string;
  readonly rows: number;
  readonly digest: string;
  readonly facts: string | null;
  readonly redactions: readonly Redaction[];
}

/** The blocks after `after_seq` in order, read in batches. */
export async function* readBlocks(queryable: Queryable, after_seq: bigint): AsyncGenerator<Block> {
  for (let last = after_seq; ;) {
    const { rows } = await queryable.query<Omit<Block, 'parts'> & { parts: readonly PartRow[] }>(
      `select b.seq, encode(b.previous, 'hex') as previous, b.sealed_at, encode(b.digest, 'hex') as digest, coalesce(p.parts, '[]') as parts
       from (select * from audit.block where seq > $1 order by seq limit ${BLOCKS_PER_READ}) b
       left join lateral (
         select jsonb_agg(jsonb_build_object('source', source, 'after_xid', after_xid::text, 'after_id', after_id::text,
           'through_xid', through_xid::text, 'through_id', through_id::text, 'rows', rows, 'digest', encode(digest, 'hex'),
           'facts', encode(facts, 'hex'), 'redactions', coalesce(d.redactions, '[]')) order by source) as parts
         from audit.block_part q
         left join lateral (
           select jsonb_agg(jsonb_build_object('digest_before', encode(digest_before, 'hex'), 'digest_after', encode(digest_after, 'hex'))
             order by ordinal) as redactions
           from audit.redaction r where r.seq = q.seq and r.source = q.source) d on true
         where q.seq = b.seq) p on true
       order by b.seq`,
      [last],
    );
    for (const row of rows) yield { ...row, parts: row.parts.map(toPart) };
    const end = rows.at(-1);
    if (!end || rows.length < BLOCKS_PER_READ) return;
    last = end.seq;
  }
}

function toPart(row: PartRow): Part {
  const after: Position | null =
    row.after_xid === null || row.after_id === null ? null : { xid: BigInt(row.after_xid), id: BigInt(row.after_id) };
  return {
    source: row.source,
    after,
    through: { xid: BigInt(row.through_xid), id: BigInt(row.through_id) },
    rows: row.rows,
    digest: row.digest,
    facts: row.facts,
    redactions: row.redactions,
  };
}
