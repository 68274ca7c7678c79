import { appendAudit } from '@purser/audit';
import { assert, type Connection, isRefusal, type WorkspaceId } from '@purser/base';
import { recordPayment } from '@purser/license';

import type { StripeEvent } from './event.ts';
import type { SubscriptionSaying } from './event-subscription.ts';
import type { MarketplaceParts } from './parts.ts';
import type { Verdict } from './receive-event.ts';

type Said = Extract<SubscriptionSaying, { is: 'subscription' }>;

/**
 * A subscription changed or ended: its workspace goes onto the plan it is of, and its licence ends with it. Each event is a picture of
 * the whole, so an older one that comes later changes nothing; an end is an end.
 */
export async function applySubscription(
  on: Connection,
  now: Temporal.Instant,
  { identity }: Pick<MarketplaceParts, 'identity'>,
  event: StripeEvent,
  said: Said,
  workspace: WorkspaceId | undefined,
): Promise<Verdict> {
  if (workspace === undefined) return { outcome: 'kept', detail: 'its customer is not known here' };
  if (said.workspace !== undefined && said.workspace !== workspace) {
    return { outcome: 'refused', detail: `subscription ${said.subscription} names another workspace than its customer’s` };
  }
  if (said.plan === undefined) return { outcome: 'refused', detail: `subscription ${said.subscription} names no plan` };
  if (!(await writeDown(on, event, said, said.plan, workspace))) return { outcome: 'kept', detail: 'a later event is known' };
  if (said.ended) return end(on, now, event, said, workspace);
  if (!said.live) return { outcome: 'kept', detail: `its status is ${said.status.slice(0, 50)}` };
  const changed = await identity.changeWorkspace(
    workspace,
    { plan: said.plan },
    async (connection, { before, after }) => {
      if (before.plan === after.plan) return;
      await appendAudit(connection, {
        at: now,
        actor: 'payments',
        workspace,
        action: 'plan.change',
        subject: `workspace:${workspace}`,
        detail: { before: before.plan, after: after.plan, subscription: said.subscription },
      });
    },
    on,
  );
  return isRefusal(changed) ? { outcome: 'refused', detail: changed.detail } : { outcome: 'applied' };
}

/** False: what is known is later, or the end. */
async function writeDown(
  on: Connection,
  { id, at }: StripeEvent,
  { subscription, status, live, ended }: Said,
  plan: string,
  workspace: WorkspaceId,
): Promise<boolean> {
  const { rowCount } = await on.query(
    `insert into marketplace.subscription as s (workspace_id, subscription_id, plan, status, live, event_at, event_id)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (subscription_id) do update set plan = excluded.plan, status = excluded.status, live = excluded.live,
       event_at = excluded.event_at, event_id = excluded.event_id
     where s.workspace_id = excluded.workspace_id and s.status <> 'ended'
       and (excluded.status = 'ended' or (excluded.event_at, excluded.event_id) > (s.event_at, s.event_id))`,
    [workspace, subscription, plan, ended ? 'ended' : status, live, at.toString(), id],
  );
  return rowCount === 1;
}

/** Whoever has another subscription that lives keeps the licence. */
async function end(
  on: Connection,
  now: Temporal.Instant,
  { id, at }: StripeEvent,
  { subscription }: Said,
  workspace: WorkspaceId,
): Promise<Verdict> {
  if (await hasLiveSubscription(on, workspace)) return { outcome: 'applied', detail: 'another subscription lives' };
  await recordPayment(on, now, { id, workspace, kind: 'ended', at, reference: subscription });
  return { outcome: 'applied' };
}

export async function hasLiveSubscription(on: Pick<Connection, 'query'>, workspace: WorkspaceId): Promise<boolean> {
  const { rows } = await on.query<{ live: boolean }>(
    'select exists (select 1 from marketplace.subscription where workspace_id = $1 and live) as live',
    [workspace],
  );
  assert(rows[0], 'a question has an answer');
  return rows[0].live;
}
