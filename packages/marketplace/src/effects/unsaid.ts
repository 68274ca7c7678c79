import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

/** Two events of one second say different things of a subscription, and nothing says which came last; or nothing says which period it is in. */
export type Unsaid = 'tie' | 'period';

/** What its events leave open of a subscription, as far as it lives: undefined where they say enough. */
export async function unsaidOf(tx: Connection, subscription: string): Promise<Unsaid | undefined> {
  const { rows } = await tx.query<{ tie: boolean; period: boolean }>(
    `with last as (
       select at, rank, status, plan, price, period_start, period_end, event_id from marketplace.snapshot
       where subscription_id = $1 order by at desc, rank desc limit 1)
     select last.event_id not like 'asked:%' and exists (select from marketplace.snapshot s where s.subscription_id = $1 and s.at = last.at and s.rank = last.rank
         and (s.status, s.plan, s.price, s.period_start, s.period_end)
           is distinct from (last.status, last.plan, last.price, last.period_start, last.period_end)) as tie,
       last.event_id not like 'asked:%' and last.status = 'active' and not exists (
         select from marketplace.snapshot s where s.subscription_id = $1 and (s.period_end is not null or s.event_id like 'asked:%')) as period
     from last where not exists (select from marketplace.snapshot s where s.subscription_id = $1 and s.status = 'ended')`,
    [subscription],
  );
  const [row] = rows;
  if (row?.tie === true) return 'tie';
  return row?.period === true ? 'period' : undefined;
}

/** Written down in the transaction of the event that left it open, so that it is asked though this server ends. */
export async function keepQuestion(tx: Connection, workspace: WorkspaceId, subscription: string, why: Unsaid): Promise<void> {
  await tx.query(
    'insert into marketplace.question (workspace_id, subscription_id, why) values ($1, $2, $3) on conflict do nothing',
    [workspace, subscription, why],
  );
}
