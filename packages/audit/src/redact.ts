import { type Connection, type Pool, transaction } from '@purser/database';
import type { Position } from '@purser/ledger';

import { appendAudit } from './append-audit.ts';
import { digestNow, type Redaction, type Source, SOURCES } from './block.ts';
import { digestPart } from './digest-part.ts';
import { SEAL_LOCK } from './seal.ts';

/** Whose texts are erased from the sealed tables. */
export interface RedactionRequest {
  readonly erasure_id: string;
  /** Null: wherever the texts stand in the audit log; the books are erased workspace by workspace. */
  readonly workspace: string | null;
  /** What is erased; null: every text of the workspace that could be about a person. */
  readonly texts: readonly string[] | null;
  /** What stands there instead. */
  readonly pseudonym: string;
}

/** What finds and what replaces the texts of a source. Facts (times, amounts, ids) they cannot touch. */
const ERASING: Readonly<Record<Source, { readonly find: string; readonly erase: string }>> = {
  attempt: { find: 'ledger.attempts_to_erase', erase: 'ledger.erase_attempts' },
  entry: { find: 'audit.entries_to_erase', erase: 'audit.erase_entries' },
  posting: { find: 'ledger.postings_to_erase', erase: 'ledger.erase_postings' },
};
const NOWHERE: Position = { xid: -(2n ** 63n), id: -(2n ** 63n) };
const BEYOND: Position = { xid: 2n ** 63n - 1n, id: 2n ** 63n - 1n };

/**
 * Replaces texts in audit entries, postings and attempts, a sealed part and a transaction at a time, so that it can be stopped anywhere and
 * run again. Each part that was as sealed gets the digest it has since, with its audit event; one that was not stays as broken as it was.
 * Returns how many rows were changed: none when nothing is left to erase.
 */
export async function redact(pool: Pool, now: Temporal.Instant, wanted: RedactionRequest): Promise<number> {
  let changed = 0;
  for (const source of SOURCES) {
    const { rows } = await pool.query<{ seq: bigint | null }>(
      `select p.seq from (select array_agg(xid) as xids, array_agg(id) as ids from ${ERASING[source].find}($2, $3, $4)) f
       cross join lateral audit.parts_of($1, f.xids, f.ids) p order by 1 nulls last`,
      [source, wanted.workspace, wanted.texts, wanted.pseudonym],
    );
    for (const { seq } of rows) {
      changed += await transaction(pool, (connection) => redactPart(connection, now, source, seq, wanted));
    }
  }
  return changed;
}

interface SealedPart {
  readonly after: Position | null;
  readonly through: Position;
  readonly rows: number;
  readonly digest: string;
  readonly redactions: readonly Redaction[];
}

/** Nobody seals meanwhile, so what is not sealed yet stays so until the texts are gone. */
async function redactPart(
  connection: Connection,
  now: Temporal.Instant,
  source: Source,
  seq: bigint | null,
  wanted: RedactionRequest,
): Promise<number> {
  await connection.query('select pg_advisory_xact_lock($1)', [SEAL_LOCK]);
  if (seq === null) return eraseRows(connection, source, await lastSealed(connection, source), BEYOND, wanted);
  const part = await readPart(connection, source, seq);
  const before = await digestPart(connection, source, part.after, part.through, part.rows + 1);
  const changed = await eraseRows(connection, source, part.after, part.through, wanted);
  // A part that is not what was sealed is not made right by an erasure: verification goes on to say so.
  if (changed === 0 || before.rows !== part.rows || before.digest !== digestNow(part)) return changed;
  const after = await digestPart(connection, source, part.after, part.through, part.rows);
  await connection.query(
    `insert into audit.redaction (seq, source, ordinal, erasure_id, rows, digest_before, digest_after, redacted_at)
     values ($1, $2, $3, $4, $5, decode($6, 'hex'), decode($7, 'hex'), $8)`,
    [seq, source, part.redactions.length + 1, wanted.erasure_id, changed, before.digest, after.digest, now.toString()],
  );
  await appendAudit(connection, {
    at: now,
    actor: 'system',
    workspace: null,
    action: 'audit.redact',
    subject: `block:${seq}`,
    detail: { source, rows: changed, erasure: wanted.erasure_id, digest_before: before.digest, digest_after: after.digest },
  });
  return changed;
}

async function eraseRows(
  connection: Connection,
  source: Source,
  after: Position | null,
  through: Position,
  { workspace, texts, pseudonym }: RedactionRequest,
): Promise<number> {
  const { rows } = await connection.query<{ rows: number }>(
    `select ${ERASING[source].erase}($1, $2, $3, $4, $5, $6, $7) as rows`,
    [workspace, texts, pseudonym, after?.xid ?? NOWHERE.xid, after?.id ?? NOWHERE.id, through.xid, through.id],
  );
  return rows[0]?.rows ?? 0;
}

async function lastSealed(connection: Connection, source: Source): Promise<Position | null> {
  const { rows } = await connection.query<Position>(
    `select through_xid as xid, through_id as id from audit.block_part where source = $1 order by through_xid desc, through_id desc limit 1`,
    [source],
  );
  return rows[0] ?? null;
}

async function readPart(connection: Connection, source: Source, seq: bigint): Promise<SealedPart> {
  const { rows } = await connection.query<Omit<SealedPart, 'after' | 'through'> & Record<'ax' | 'ai' | 'tx' | 'ti', bigint>>(
    `select after_xid as ax, after_id as ai, through_xid as tx, through_id as ti, rows, encode(digest, 'hex') as digest,
       coalesce((select jsonb_agg(jsonb_build_object('digest_before', encode(digest_before, 'hex'), 'digest_after',
         encode(digest_after, 'hex')) order by ordinal) from audit.redaction r where r.seq = p.seq and r.source = p.source), '[]') as redactions
     from audit.block_part p where source = $1 and seq = $2`,
    [source, seq],
  );
  const [row] = rows;
  if (!row) throw new Error(`block ${seq} has no part of ${source}`);
  const after = (row.ax as bigint | null) === null ? null : { xid: row.ax, id: row.ai };
  return { after, through: { xid: row.tx, id: row.ti }, rows: row.rows, digest: row.digest, redactions: row.redactions };
}
