import { appendAudit } from '@purser/audit';
import type { WorkspaceId } from '@purser/core';
import { transaction, workspaceTransaction } from '@purser/database';

import type { OpenParts } from './parts.ts';
import { asking, isMissing } from './client.ts';

/**
 * Asks Stripe something of a workspace's customer. One that was made with another key (a test's, before the live one) is not there any more: then a new
 * one is made, once, and asked for instead.
 */
export async function withCustomer<T>(
  parts: OpenParts,
  workspace: WorkspaceId,
  what: string,
  ask: (customer: string) => Promise<T>,
): Promise<T> {
  const customer = await customerOf(parts, workspace);
  try {
    return await asking(what, ask(customer));
  } catch (error) {
    if (!isMissing(error, 'customer')) throw error;
    return asking(what, ask(await replaceCustomer(parts, workspace, customer)));
  }
}

/** The id of the one that is replaced is part of the key: asked twice, by any number of servers, there is one new customer. */
async function replaceCustomer({ pool, clock, stripe }: OpenParts, workspace: WorkspaceId, gone: string): Promise<string> {
  const made = await asking(
    'make a customer',
    stripe.customers.create(
      { metadata: { purser_workspace: workspace } },
      { idempotencyKey: `purser-customer-${workspace}-after-${gone}` },
    ),
  );
  await transaction(pool, async (connection) => {
    const { rowCount } = await connection.query(
      'update marketplace.customer set stripe_customer = $3, created_at = $4 where workspace_id = $1 and stripe_customer = $2',
      [workspace, gone, made.id, clock.now().toString()],
    );
    if (rowCount === 0) return;
    await appendAudit(connection, {
      at: clock.now(),
      actor: 'payments',
      workspace,
      action: 'customer.replaced',
      subject: `workspace:${workspace}`,
      detail: { before: gone, after: made.id, why: 'Stripe does not know the customer it had' },
    });
  });
  return made.id;
}

/** Stripe's customer of a workspace, made when there is none: once, whatever the number of servers that ask. */
async function customerOf({ pool, clock, stripe }: OpenParts, workspace: WorkspaceId): Promise<string> {
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
