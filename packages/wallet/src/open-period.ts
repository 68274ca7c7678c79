import { assert, BoundedMap, type Connection, type Pool, transaction } from '@purser/base';
import { paymentFees } from '@purser/catalog';
import { accruePeriod } from '@purser/ledger';
import { grantCredits } from '@purser/meters';
import type { Policy } from '@purser/policy';

import { grantsOfPeriod } from './period-grants.ts';

/** Begins a workspace's billing period if it has not begun; undefined when it surely has, so that the hot path waits for nothing. */
export type PeriodOpener = (policy: Policy, now: Temporal.Instant) => Promise<void> | undefined;

const REMEMBERED_MAX = 100_000;

/**
 * A period begins with its price booked as revenue and its monthly credits granted, in one transaction and once, whatever the
 * number of servers that ask: both are keyed by the workspace and the start of the period. While a payment is owed none begins.
 */
export function openPeriods(pool: Pool): PeriodOpener {
  const opened = new BoundedMap<string, Promise<void> | 'open'>(REMEMBERED_MAX);
  /** What was asked last is asked again: the policy object says all that the key does. */
  const open = new WeakSet<Policy>();
  return (policy, now) => {
    if (open.has(policy) || policy.licence_stage !== 'active') return undefined;
    const { workspace, billing_period, pay_as_you_go } = policy;
    const key = `${workspace.id} ${workspace.plan} ${billing_period.start.epochMilliseconds} ${pay_as_you_go ? 'more' : ''}`;
    const known = opened.get(key);
    if (known === 'open') {
      open.add(policy);
      return undefined;
    }
    if (known !== undefined) return known;
    const opening = transaction(pool, (connection) => openPeriod(connection, policy, now)).then(
      () => {
        opened.set(key, 'open');
      },
      (error: unknown) => {
        opened.delete(key);
        throw error;
      },
    );
    opened.set(key, opening);
    return opening;
  };
}

/** In the caller's transaction; who opens several goes by workspace, the order in which everybody locks. */
export async function openPeriod(connection: Connection, policy: Policy, now: Temporal.Instant): Promise<void> {
  const { workspace, plan, billing_period, pay_as_you_go } = policy;
  assert(billing_period.end !== null, 'a billing period ends');
  if (plan.price.nanos > 0n) {
    await accruePeriod(connection, {
      workspace: workspace.id,
      plan: plan.code,
      price: plan.price,
      fees: paymentFees(plan.price, plan.payment_fees),
      period_start: billing_period.start,
      now,
    });
  }
  for (const grant of grantsOfPeriod(policy)) await grantCredits(connection, now, grant);
  if (pay_as_you_go) {
    await connection.query(
      `insert into wallet.pay_as_you_go (workspace_id, period_start, period_end, plan, price, currency)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [
        workspace.id,
        billing_period.start.toString(),
        billing_period.end.toString(),
        plan.code,
        pay_as_you_go.price.nanos,
        pay_as_you_go.price.currency,
      ],
    );
  }
  await connection.query(
    `insert into wallet.refresh (workspace_id, due_at) values ($1, $2)
     on conflict (workspace_id) do update set due_at = excluded.due_at, claimed_until = '-infinity'
     where wallet.refresh.due_at < excluded.due_at`,
    [workspace.id, billing_period.end.toString()],
  );
}
