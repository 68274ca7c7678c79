import type { Pool } from '@purser/database';

/** The outcome of `verifyPostings`. */
export interface PostingsVerification {
  readonly balanced: boolean;
  /** How many postings were checked. */
  readonly entries: bigint;
  /** What is wrong, in words; at most 1,000 of it. */
  readonly mismatches: readonly Mismatch[];
}

export interface Mismatch {
  readonly kind: string;
  readonly detail: string;
}

const MISMATCHES_MAX = 1_000;

/** Tables that only ever grow, with what the tenant role must not be able to do to them. */
const GUARDED = ['ledger.posting', 'ledger.attempt', 'ledger.period'];
const REFUSED = ['insert', 'update', 'delete', 'truncate', 'trigger'];

/**
 * Reads every posting: each balanced by its own rules (amount above zero, two accounts, a reported value with its unit), on known
 * accounts, in known units, from a transaction that has been; the daily sums equal to the postings; the append-only guards in place.
 */
export async function verifyPostings(pool: Pool): Promise<PostingsVerification> {
  const { rows } = await pool.query<Mismatch>('select kind, detail from ledger.verify()');
  const models = await pool.query<Mismatch>('select kind, detail from ledger.verify_models()');
  const guards = await pool.query<Mismatch>(
    `select 'guard' as kind, guard as detail from unnest($1::text[]) t, ledger.broken_guards(t::regclass, $2)`,
    [GUARDED, REFUSED],
  );
  const mismatches = [...rows.filter((row) => row.kind !== 'entries'), ...models.rows, ...guards.rows];
  return {
    balanced: mismatches.length === 0,
    entries: BigInt(rows.find((row) => row.kind === 'entries')?.detail ?? 0),
    mismatches: mismatches.slice(0, MISMATCHES_MAX),
  };
}
