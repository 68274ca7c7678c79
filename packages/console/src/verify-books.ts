import type { Pool } from '@purser/database';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';

export interface BooksVerification {
  /** The postings balance, and every counter is what its history says. */
  readonly balanced: boolean;
  readonly entries: bigint;
  readonly open_holds: bigint;
  /** Holds that cost more than they had reserved. */
  readonly overruns: bigint;
  readonly unreconciled: bigint;
  readonly mismatches: readonly { readonly kind: string; readonly detail: string }[];
}

/** Replays entries and holds, and compares them with the counters. Reads everything. */
export async function verifyBooks(pool: Pool): Promise<BooksVerification> {
  const [postings, meters] = await Promise.all([verifyPostings(pool), verifyMeters(pool)]);
  const mismatches = [
    ...postings.mismatches.map(({ kind, detail }) => ({ kind, detail })),
    ...meters.mismatches.map(({ key, workspace, what, counter, replayed }) => ({
      kind: 'meter',
      detail: `${key} of ${workspace}: ${what} is ${counter}, the history says ${replayed}`,
    })),
  ];
  return {
    balanced: postings.balanced && mismatches.length === 0,
    entries: postings.entries,
    open_holds: meters.open_holds,
    overruns: meters.overruns,
    unreconciled: meters.unreconciled,
    mismatches,
  };
}
