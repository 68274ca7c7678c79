import { createHash } from 'node:crypto';

import { BoundedMap, type Pool, transaction } from '@purser/base';
import { paymentFees } from '@purser/catalog';
import { accruePeriod } from '@purser/ledger';
import { type GrantId, grantCredits } from '@purser/meters';
import type { Policy } from '@purser/policy';

/** Begins a workspace's billing period if it has not begun; undefined when it surely has, so that the hot path waits for nothing. */
export type PeriodOpener = (policy: Policy, now: Temporal.Instant) => Promise<void> | undefined;

const REMEMBERED_MAX = 100_000;

/**
 * A period begins with its price booked as revenue and its monthly credits granted, in one transaction and once, whatever the
 * number of servers that ask: both are keyed by the workspace and the start of the period.
 */
export function openPeriods(pool: Pool): PeriodOpener {
  const opened = new BoundedMap<string, Promise<void> | 'open'>(REMEMBERED_MAX);
  return (policy, now) => {
    const { workspace, billing_period } = policy;
    const key = `${workspace.id} ${workspace.plan} ${billing_period.start.epochMilliseconds}`;
    const known = opened.get(key);
    if (known === 'open') return undefined;
    if (known !== undefined) return known;
    const opening = open(pool, policy, now).then(
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

async function open(pool: Pool, policy: Policy, now: Temporal.Instant): Promise<void> {
  const { workspace, plan, billing_period, credits_monthly } = policy;
  await transaction(pool, async (connection) => {
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
    if (credits_monthly > 0n) {
      await grantCredits(connection, now, {
        id: monthlyGrantId(policy),
        workspace: workspace.id,
        source: 'monthly',
        credits: credits_monthly,
        expires_at: plan.rollover ? null : billing_period.end,
        reason: `monthly credits of ${plan.code}`,
      });
    }
  });
}

/** The same for every server that opens this period of this plan: a UUIDv8 of what it is. */
function monthlyGrantId({ workspace, plan, billing_period }: Policy): GrantId {
  const hash = createHash('sha256')
    .update(`monthly\n${workspace.id}\n${plan.code}\n${billing_period.start.toString()}`)
    .digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}` as GrantId;
}
