import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { workspaceTransaction } from '@purser/database';

import type { OpenParts } from './parts.ts';
import { asking, isMissing } from './client.ts';

/** Opens Stripe's page where a workspace changes its cards and its subscription and finds its invoices. */
export async function openPortal(
  { pool, stripe }: OpenParts,
  workspace: WorkspaceId,
  return_url: string,
): Promise<{ url: string } | Refusal> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<{ customer: string }>(
      'select stripe_customer as customer from marketplace.customer where workspace_id = $1',
      [workspace],
    ),
  );
  const customer = rows[0]?.customer;
  if (customer === undefined) return NOTHING_BOUGHT;
  try {
    const { url } = await asking('open the portal', stripe.billingPortal.sessions.create({ customer, return_url }));
    return { url };
  } catch (error) {
    if (isMissing(error)) return NOTHING_BOUGHT;
    throw error;
  }
}

const NOTHING_BOUGHT = refuse('not_found', 'this workspace has no subscription and no purchases; choose a plan or a pack first');
