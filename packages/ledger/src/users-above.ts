import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

import type { CreditSpender } from './credit-spenders.ts';

/** A time in which a workspace spent credits, (from, to]. */
export interface Spending {
  readonly workspace: WorkspaceId;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  /** Whoever spent more than this is named. */
  readonly credits_max: bigint;
}

const SPENDINGS_MAX = 500;

/**
 * Of each spending, the users who by themselves spent more than its limit, the most first. Of the first 500; undefined for those after them.
 * A user is the end user that a call names, through whichever key, else the key or session itself: as the limits of a user count.
 */
export async function usersAbove(tx: Queryable, all: readonly Spending[]): Promise<(CreditSpender[] | undefined)[]> {
  const asked = all.slice(0, SPENDINGS_MAX);
  const { rows } = await tx.query<CreditSpender & { place: number }>(
    `select asked.place::int as place, who.actor, who.end_user, who.credits
     from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::bigint[]) with ordinality as asked (workspace, since, until, most, place)
     cross join lateral (
       with spent as (
         select hold_id, sum(amount * ledger.spent_sign(debit, credit)) as credits from ledger.posting
         where workspace_id = asked.workspace and posted_at > asked.since and posted_at <= asked.until and unit = 'credit' and hold_id is not null
         group by hold_id),
       made as (
         select distinct on (hold_id) hold_id, actor, end_user from ledger.attempt
         where workspace_id = asked.workspace and hold_id in (select hold_id from spent) order by hold_id, ordinal desc)
       select (array_agg(coalesce(actor, '') order by credits desc))[1] as actor, end_user, sum(credits)::bigint as credits
       from spent left join made using (hold_id)
       group by end_user, case when end_user is null then coalesce(actor, '') end having sum(credits) > asked.most) as who
     order by place, credits desc, actor, end_user`,
    [
      asked.map(({ workspace }) => workspace),
      asked.map(({ from }) => from.toString()),
      asked.map(({ to }) => to.toString()),
      asked.map(({ credits_max }) => credits_max),
    ],
  );
  const found = Map.groupBy(rows, ({ place }) => place);
  return all.map((_, index) =>
    index < SPENDINGS_MAX
      ? (found.get(index + 1) ?? []).map(({ actor, end_user, credits }) => ({ actor, end_user, credits }))
      : undefined,
  );
}
