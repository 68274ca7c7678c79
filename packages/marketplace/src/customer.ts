import type { WorkspaceId } from '@purser/base';

import type { OpenParts } from './parts.ts';
import { asking } from './stripe.ts';

/** Stripe's customer of a workspace, made when there is none: once, whatever the number of servers that ask. */
export async function customerOf({ pool, clock, stripe }: OpenParts, workspace: WorkspaceId): Promise<string> {
  const known = 'select stripe_customer from marketplace.customer where workspace_id = $1';
  const { rows } = await pool.query<{ stripe_customer: string }>(known, [workspace]);
  if (rows[0]) return rows[0].stripe_customer;
  const made = await asking(
    'make a customer',
    stripe.customers.create({ metadata: { purser_workspace: workspace } }, { idempotencyKey: `purser-customer-${workspace}` }),
  );
  await pool.query(
    'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, $3) on conflict do nothing',
    [workspace, made.id, clock.now().toString()],
  );
  const { rows: kept } = await pool.query<{ stripe_customer: string }>(known, [workspace]);
  return kept[0]?.stripe_customer ?? made.id;
}
