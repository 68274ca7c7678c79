import { assert, LruCache } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import { saleOf } from '@purser/catalog';
import { accruePeriods, type Period } from '@purser/ledger';
import { grantMany } from '@purser/meters';
import type { Policy } from '@purser/policy';
import { openTerms, plansPaidFor } from '@purser/terms';

import { grantsOfPeriod } from './period-grants.ts';

export interface PeriodOpener {
  /** Begins a workspace's billing period if it has not started; undefined when it surely has, so that the hot path waits for nothing. */
  (policy: Policy, now: Temporal.Instant): Promise<void> | undefined;
  /** These have begun, as whoever refreshes them knows: their first calls need not ask. */
  readonly begun: (policies: readonly Policy[]) => void;
}

const REMEMBERED_MAX = 100_000;

/**
 * A period begins with its price booked as revenue and its monthly credits granted, in one transaction and once, whatever the
 * number of servers that ask: both are keyed by the workspace and the start of the period. While a payment is owed none begins.
 */
export function openPeriods(pool: Pool): PeriodOpener {
  const opened = new LruCache<string, Promise<void> | 'open'>(REMEMBERED_MAX);
  /** What was asked last is asked again: the policy object says all that the key does. */
  const open = new WeakSet<Policy>();
  const opener = (policy: Policy, now: Temporal.Instant): Promise<void> | undefined => {
    if (open.has(policy) || policy.license_stage !== 'active') return undefined;
    const key = periodKey(policy);
    const known = opened.get(key);
    if (known === 'open') {
      open.add(policy);
      return undefined;
    }
    if (known !== undefined) return known;
    const opening = transaction(pool, (connection) => openPeriodsOf(connection, [policy], now)).then(
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
  const begun = (policies: readonly Policy[]): void => {
    for (const policy of policies) opened.set(periodKey(policy), 'open');
  };
  return Object.assign(opener, { begun });
}

function periodKey({ workspace, billing_period, pay_as_you_go }: Policy): string {
  return `${workspace.id} ${workspace.plan} ${billing_period.start.epochMilliseconds} ${pay_as_you_go ? 'more' : ''}`;
}

/** In the caller's transaction. By the calendar a handful of statements however many there are. */
export async function openPeriodsOf(connection: Connection, policies: readonly Policy[], now: Temporal.Instant): Promise<void> {
  await openTerms(
    connection,
    now,
    policies.map(({ workspace }) => workspace.id),
  );
  // As agreed, by the calendar: what a subscription pays for is booked when it is collected.
  const by_calendar = policies.filter(({ term }) => term === undefined);
  // A server may know the plan that a payment put a workspace on before it knows the payment: then nothing was agreed, and nothing begins.
  const paid = await plansPaidFor(
    connection,
    by_calendar.filter(({ plan }) => plan.price.nanos > 0n).map(({ workspace }) => workspace.id),
  );
  const agreed = by_calendar.filter(({ workspace, plan }) => paid.get(workspace.id) !== plan.code);
  await accruePeriods(connection, now, agreed.filter(({ plan }) => plan.price.nanos > 0n).map(paidPeriod));
  await grantMany(connection, now, agreed.flatMap(grantsOfPeriod));
  const selling = policies.flatMap((policy) => (policy.pay_as_you_go ? [{ ...policy, more: policy.pay_as_you_go }] : []));
  if (selling.length > 0) {
    await connection.query(
      `insert into wallet.pay_as_you_go (workspace_id, period_start, period_end, plan, price, currency)
       select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::bigint[], $6::text[]) on conflict do nothing`,
      [
        selling.map(({ workspace }) => workspace.id),
        selling.map(({ billing_period }) => billing_period.start.toString()),
        selling.map(endOf),
        selling.map(({ plan }) => plan.code),
        selling.map(({ more }) => more.price.nanos),
        selling.map(({ more }) => more.price.currency),
      ],
    );
  }
  await connection.query(
    `insert into wallet.refresh (workspace_id, due_at) select * from unnest($1::uuid[], $2::timestamptz[]) u (w, due) order by w
     on conflict (workspace_id) do update set due_at = excluded.due_at, claimed_until = '-infinity'
     where wallet.refresh.due_at < excluded.due_at`,
    [policies.map(({ workspace }) => workspace.id), policies.map(endOf)],
  );
}

function paidPeriod({ workspace, plan, billing_period }: Policy): Period {
  const { net, fees } = saleOf(plan.price, plan);
  return { workspace: workspace.id, plan: plan.code, price: net, fees, period_start: billing_period.start };
}

function endOf({ billing_period }: Policy): string {
  assert(billing_period.end !== null, 'a billing period ends');
  return billing_period.end.toString();
}
