import type { Connection } from '@purser/database';

/** Why a workspace does not write to an address. */
export const SUPPRESSION_REASONS = ['unsubscribed', 'bounced', 'complained', 'by_hand'] as const;
type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** Has a workspace write to these addresses no more. One that is suppressed keeps its first reason. Returns how many were not. */
export async function suppress(
  connection: Connection,
  workspace: string,
  emails: readonly string[],
  reason: SuppressionReason,
  now: Temporal.Instant,
): Promise<number> {
  const { rowCount } = await connection.query(
    `insert into campaigns.suppression (workspace_id, email, reason, created_at)
     select $1, e, $3, $4 from unnest($2::text[]) e on conflict do nothing`,
    [workspace, emails, reason, now.toString()],
  );
  return rowCount ?? 0;
}
