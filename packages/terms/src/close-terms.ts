import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

import type { Closing } from './closed.ts';
import type { SubscriptionSnapshot } from './facts.ts';

/**
 * Marks what is closed, in the transaction of the event that found it so. False: something of it is not as it is to be in the end (credits that are
 * held and go back later, spending that kept money in its month), and it stays open. The caller has the lock (`lockTerms`).
 */
export async function closeTerms(
  tx: Connection,
  workspace: WorkspaceId,
  { until, terms, invoices }: Pick<Closing<SubscriptionSnapshot>, 'until' | 'terms' | 'invoices'>,
): Promise<boolean> {
  const { rows } = await tx.query<{ done: boolean }>(
    `select not exists (select from terms.month where workspace_id = $1 and not closed
         and case when term = any ($2::text[]) then not lapsed or owed > 0 else owed > 0 or starts_at < $4 end)
       and not exists (select from terms.part where workspace_id = $1 and not closed
         and case when invoice = any ($3::text[] || $2::text[])
           then not opened or credits < granted - taken or (term is not null and term <> all ($2::text[]))
           else term = any ($2::text[]) end) as done`,
    [workspace, terms, invoices, until.toString()],
  );
  if (rows[0]?.done !== true) return false;
  await tx.query('update terms.month set closed = true where workspace_id = $1 and not closed and term = any ($2::text[])', [
    workspace,
    terms,
  ]);
  await tx.query(
    'update terms.part set closed = true where workspace_id = $1 and not closed and invoice = any ($3::text[] || $2::text[])',
    [workspace, terms, invoices],
  );
  return true;
}

/** Everything is read again. */
export async function reopenTerms(tx: Connection, workspace: WorkspaceId): Promise<void> {
  await tx.query('update terms.month set closed = false where workspace_id = $1 and closed', [workspace]);
  await tx.query('update terms.part set closed = false where workspace_id = $1 and closed', [workspace]);
}
