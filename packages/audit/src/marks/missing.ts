import { type Pool, type Queryable, transaction } from '@purser/database';

import { appendAudit } from '../append-audit.ts';
import type { Source } from '../block.ts';
import { isHere, type Mark } from './mark.ts';

/** What the database no longer holds of what was committed once: after a fail-over, or a restore from an older state. */
export interface Missing {
  /** Up to here everything is there; null: of all that was marked nothing is. */
  readonly after: Temporal.Instant | null;
  /** The last that was seen before. */
  readonly through: Temporal.Instant;
  /** How many rows were written in between, by their numbers. */
  readonly postings: bigint;
  readonly attempts: bigint;
  readonly entries: bigint;
}

/** Compares marks (oldest first) with the database. Undefined: everything that they name is there, or they are of another installation. */
export async function findMissing(queryable: Queryable, marks: readonly Mark[]): Promise<Missing | undefined> {
  const { rows } = await queryable.query<{ id: string }>('select base.installation_id()::text as id');
  const own = marks.filter(({ installation }) => installation === rows[0]?.id);
  const newest = own.at(-1);
  if (newest === undefined || (await isHere(queryable, newest))) return undefined;
  // Marks are there up to a point and missing from it on.
  let [low, high] = [0, own.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const mark = own[middle];
    if (mark !== undefined && (await isHere(queryable, mark))) low = middle + 1;
    else high = middle;
  }
  const common = own[low - 1];
  const between = (source: Source): bigint => {
    const count = BigInt(newest.newest[source]?.id ?? 0) - BigInt(common?.newest[source]?.id ?? 0);
    return count > 0n ? count : 0n;
  };
  return {
    after: common === undefined ? null : Temporal.Instant.from(common.at),
    through: Temporal.Instant.from(newest.at),
    postings: between('posting'),
    attempts: between('attempt'),
    entries: between('entry'),
  };
}

const MISSING_ACTION = 'books.missing';
const SUBJECT = 'books';

/** One sentence of what is missing, and one of what to do. */
export function describeMissing({ after, through, postings, attempts, entries }: Missing): string {
  const from = after === null ? 'everything' : `what was written between ${after.toString()} and ${through.toString()}`;
  const until = after === null ? ` up to ${through.toString()}` : '';
  return (
    `the database was restored to an older state: ${from}${until} is missing, about ${postings} ledger entries, ${attempts} provider calls ` +
    `and ${entries} audit events. Next: \`purser payments take-in --since ${(after ?? through).toString()}\`, then \`purser reconcile\` with each ` +
    'provider’s usage of that time (docs/operating.md, "After a disaster")'
  );
}

/** Writes down in the audit log that something is missing; alerts follow from it. */
export async function recordMissing(pool: Pool, now: Temporal.Instant, missing: Missing): Promise<void> {
  await transaction(pool, (connection) =>
    appendAudit(connection, {
      at: now,
      actor: 'system',
      workspace: null,
      action: MISSING_ACTION,
      subject: SUBJECT,
      detail: {
        after: missing.after?.toString() ?? null,
        through: missing.through.toString(),
        postings: missing.postings.toString(),
        attempts: missing.attempts.toString(),
        entries: missing.entries.toString(),
      },
    }),
  );
}

interface Row {
  readonly xid: bigint;
  readonly id: bigint;
  readonly at: Temporal.Instant;
  readonly action: string;
  readonly detail: { after: string | null; through: string; postings: string; attempts: string; entries: string };
}

export interface RecordedMissing extends Missing {
  readonly found_at: Temporal.Instant;
}

const toRecorded = ({ at, detail }: Row): RecordedMissing => ({
  found_at: at,
  after: detail.after === null ? null : Temporal.Instant.from(detail.after),
  through: Temporal.Instant.from(detail.through),
  postings: BigInt(detail.postings),
  attempts: BigInt(detail.attempts),
  entries: BigInt(detail.entries),
});

/** What was found missing so far, newest first, at most 100. */
export async function recordedMissing(queryable: Queryable): Promise<RecordedMissing[]> {
  const { rows } = await queryable.query<Row>(
    'select xid, id, at, action, detail from audit.entry where subject = $1 and action = $2 order by id desc limit 100',
    [SUBJECT, MISSING_ACTION],
  );
  return rows.map(toRecorded);
}

/** The audit log read forward: what was found missing in the next rows after a position, below the horizon. */
export async function missingAfter(
  queryable: Queryable,
  { xid, id }: { readonly xid: bigint; readonly id: bigint },
  rows_max: number,
): Promise<{ rows: number; through: { xid: bigint; id: bigint }; found: RecordedMissing[] }> {
  const { rows } = await queryable.query<Row>(
    `select xid, id, at, action, case when action = $4 then detail end as detail from audit.entry
     where (xid, id) > ($1, $2) and xid < ledger.horizon() order by xid, id limit $3`,
    [xid, id, rows_max, MISSING_ACTION],
  );
  const last = rows.at(-1);
  return {
    rows: rows.length,
    through: last === undefined ? { xid, id } : { xid: last.xid, id: last.id },
    found: rows.filter(({ action }) => action === MISSING_ACTION).map(toRecorded),
  };
}
