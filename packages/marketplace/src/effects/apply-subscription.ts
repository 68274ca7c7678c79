import { assert, isUuid, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { findPlan } from '@purser/catalog';
import { recordPayment } from '@purser/license';

import type { PaymentEvent, SubscribedItem, SubscriptionAction } from '../payment-action.ts';
import type { EffectParts } from './parts.ts';
import type { Verdict } from './verdict.ts';
import { settleTerms } from './settle-terms.ts';
import { keepQuestion, unsaidOf } from './unsaid.ts';

/**
 * A subscription changed, rests or ended. Each event is a picture of the whole: it is kept as a fact, and plan, terms and license follow from all
 * of them.
 */
export async function applySubscription(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  told: SubscriptionAction,
  workspace: WorkspaceId | undefined,
): Promise<Verdict> {
  if (workspace === undefined) return { outcome: 'ignored', detail: 'its customer is not known here' };
  const { subscription } = told;
  if (told.workspace !== undefined && told.workspace !== workspace) {
    return { outcome: 'refused', detail: `subscription ${subscription} names another workspace than its customer` };
  }
  const isPlan = (code: string): boolean => findPlan(parts.catalog, code) !== undefined;
  const item = itemOfPlan(told.items, isPlan);
  const named = item?.plan ?? told.plan;
  // An end is an end, whatever it was moved to since.
  const ended = told.status === 'ended' && (named === undefined || !isPlan(named));
  const plan = (ended ? await planBefore(tx, subscription) : undefined) ?? named;
  if (plan === undefined) return { outcome: 'refused', detail: `subscription ${subscription} names no plan` };
  const checkout = told.checkout !== undefined && isUuid(told.checkout) ? told.checkout.toLowerCase() : undefined;
  if (!isPlan(plan) && !(await wasSold(tx, { plan, subscription, checkout }))) {
    return {
      outcome: 'refused',
      detail: `subscription ${subscription} is of '${plan.slice(0, 100)}', which is not a plan of this catalog`,
    };
  }
  await keepSnapshot(tx, event, told, { workspace, plan, item, checkout, isPlan, version: parts.catalog.version });
  const latest = await summarise(tx, subscription);
  await tellLicense(tx, now, workspace, subscription);
  await settleTerms(tx, now, parts, workspace);
  const unsaid = await unsaidOf(tx, subscription);
  if (unsaid !== undefined) await keepQuestion(tx, workspace, subscription, unsaid);
  if (latest !== event.id) return { outcome: 'ignored', detail: 'a later event is known' };
  return told.status === 'incomplete' ? { outcome: 'ignored', detail: 'it has not started' } : { outcome: 'applied' };
}

/** The item that the plan is sold by: the first whose price names one, else the first that is not metered. */
function itemOfPlan(items: readonly SubscribedItem[], isPlan: (code: string) => boolean): SubscribedItem | undefined {
  const named = items.filter(({ plan }) => plan !== undefined);
  const known = named.find(({ plan }) => plan !== undefined && isPlan(plan));
  return known ?? named.find(({ metered }) => !metered) ?? items.find(({ metered }) => !metered);
}

/** What an earlier picture of the subscription named. */
async function planBefore(tx: Connection, subscription: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ plan: string }>(
    'select plan from marketplace.snapshot where subscription_id = $1 order by at desc, rank desc limit 1',
    [subscription],
  );
  return rows[0]?.plan;
}

/** It was sold here once, though it is not any more. */
async function wasSold(
  tx: Connection,
  { plan, subscription, checkout }: { plan: string; subscription: string; checkout: string | undefined },
): Promise<boolean> {
  const { rows } = await tx.query<{ sold: boolean }>(
    `select exists (select from marketplace.snapshot where subscription_id = $1 and plan = $2)
       or exists (select from marketplace.checkout where checkout_id = $3 and kind = 'plan' and code = $2) as sold`,
    [subscription, plan, checkout ?? null],
  );
  return rows[0]?.sold === true;
}

async function keepSnapshot(
  tx: Connection,
  event: PaymentEvent,
  told: SubscriptionAction,
  as: {
    readonly workspace: WorkspaceId;
    readonly plan: string;
    readonly item: SubscribedItem | undefined;
    readonly checkout: string | undefined;
    readonly version: string;
    readonly isPlan: (code: string) => boolean;
  },
): Promise<void> {
  const period = as.item?.period ?? told.period;
  const items = told.items.map(({ item, price, plan, metered }) => ({
    item,
    price,
    ...(plan !== undefined && (plan === as.plan || as.isPlan(plan)) && { plan }),
    metered,
  }));
  await tx.query(
    `insert into marketplace.snapshot (workspace_id, event_id, subscription_id, at, rank, status, plan, price, items, period_start, period_end,
       trial_start, trial_end, catalogue_version, checkout_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing`,
    [
      as.workspace,
      event.id,
      told.subscription,
      event.at.toString(),
      told.rank,
      told.status,
      as.plan,
      as.item?.price ?? '',
      JSON.stringify(items),
      period?.from.toString() ?? null,
      period?.to.toString() ?? null,
      told.trial?.from.toString() ?? null,
      told.trial?.to.toString() ?? null,
      as.version,
      as.checkout ?? null,
    ],
  );
}

/** One row of each subscription as its latest picture has it; an end is an end. Returns the event of that picture. */
async function summarise(tx: Connection, subscription: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ event_id: string }>(
    `insert into marketplace.subscription (workspace_id, subscription_id, plan, status, live, event_at, event_id)
     select workspace_id, subscription_id, plan, status, status not in ('incomplete', 'ended'), at, event_id
     from marketplace.snapshot where subscription_id = $1
     order by status = 'ended' desc, at desc, rank desc, plan, price limit 1
     on conflict (subscription_id) do update set plan = excluded.plan, status = excluded.status, live = excluded.live,
       event_at = excluded.event_at, event_id = excluded.event_id where marketplace.subscription.workspace_id = excluded.workspace_id
     returning event_id`,
    [subscription],
  );
  return rows[0]?.event_id;
}

interface Picture {
  readonly event_id: string;
  readonly at: Temporal.Instant;
  readonly status: string;
}

/**
 * What the pictures say of the license, each under the id of its event: it ended, it owes, it rests; and after that, that it is in order. Told again
 * for all of them from the first of these on, for what an event means may follow from one that comes after it.
 */
async function tellLicense(tx: Connection, now: Temporal.Instant, workspace: WorkspaceId, subscription: string): Promise<void> {
  const { rows } = await tx.query<Picture>(
    `select event_id, at, status from marketplace.snapshot s where subscription_id = $1 and (at, rank) >= (
       select at, rank from marketplace.snapshot where subscription_id = $1 and status in ('ended', 'owing', 'paused') order by at, rank limit 1)
     order by at, rank`,
    [subscription],
  );
  const told = { workspace, subscription, reference: subscription };
  let [rested, owed] = [false, false];
  for (const { event_id: id, at, status } of rows) {
    const kind = KINDS[status];
    if (kind !== undefined) await recordPayment(tx, now, { ...told, id, at, kind });
    else if (status === 'active') {
      if (rested) await recordPayment(tx, now, { ...told, id, at, kind: 'resumed' });
      if (owed) await recordPayment(tx, now, { ...told, id: rested ? `${id}:excused` : id, at, kind: 'excused' });
    }
    rested ||= status === 'paused';
    owed ||= status === 'owing';
  }
}

const KINDS: Readonly<Record<string, 'ended' | 'failed' | 'paused'>> = { ended: 'ended', owing: 'failed', paused: 'paused' };

export async function hasLiveSubscription(tx: Pick<Connection, 'query'>, workspace: WorkspaceId): Promise<boolean> {
  const { rows } = await tx.query<{ live: boolean }>(
    'select exists (select 1 from marketplace.subscription where workspace_id = $1 and live) as live',
    [workspace],
  );
  assert(rows[0], 'a question has an answer');
  return rows[0].live;
}
