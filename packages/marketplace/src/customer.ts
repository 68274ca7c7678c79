import { type WorkspaceId, workspaceTransaction } from '@purser/base';

import type { OpenParts } from './parts.ts';
import { asking } from './stripe.ts';

/** Stripe's customer of a workspace, made when there is none: once, whatever the number of servers that ask. */
export async function customerOf({ pool, clock, stripe }: OpenParts, workspace: WorkspaceId): Promise<string> {
  const known = 'select stripe_customer from marketplace.customer where workspace_id = $1';
  const before = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<{ stripe_customer: string }>(known, [workspace]),
  );
  if (before.rows[0]) return before.rows[0].stripe_customer;
  const made = await asking(
    'make a customer',
    stripe.customers.create({ metadata: { purser_workspace: workspace } }, { idempotencyKey: `purser-customer-${workspace}` }),
  );
  const { rows: kept } = await workspaceTransaction(pool, workspace, async (connection) => {
    await connection.query(
      'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, $3) on conflict do nothing',
      [workspace, made.id, clock.now().toString()],
    );
    return connection.query<{ stripe_customer: string }>(known, [workspace]);
  });
  return kept[0]?.stripe_customer ?? made.id;
}
