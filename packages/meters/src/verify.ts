import type { Pool } from '@purser/database';
import { transaction } from '@purser/database';

/** A counter that its own history does not explain. */
export interface Mismatch {
  readonly meter: string;
  readonly workspace: string;
  readonly key: string;
  readonly what: string;
  readonly counter: bigint;
  readonly replayed: bigint;
}

export interface MetersVerification {
  readonly open_holds: bigint;
  /** Holds that cost more than they had reserved. */
  readonly overruns: bigint;
  readonly unreconciled: bigint;
  readonly mismatches: readonly Mismatch[];
}

/** Names at most this many: a system with more is not read row by row. */
const MISMATCHES_MAX = 1000;

/**
 * Replays every hold and compares with the counters, in one snapshot:
 * Σ open legs = held · Σ min(actual, held) of settled legs = used · Σ unresolved cost that counts = unreconciled · Σ excess = overrun ·
 * Σ grants = the credit meter · each meter counted in one place · and the same from the postings: Σ spent, granted, cost, overrun, unreconciled. Reads everything; meant for operators and tests, off the hot path.
 */
export async function verifyMeters(pool: Pool): Promise<MetersVerification> {
  return transaction(
    pool,
    async (connection) => {
      // Everything is joined with everything: a planner that takes a young table for empty would read it whole for each row of another.
      await connection.query('set local enable_nestloop = off');
      const counts = await connection.query<{ open_holds: bigint; overruns: bigint; unreconciled: bigint }>(
        `select count(*) filter (where state = 'open') as open_holds, count(*) filter (where state = 'expired') as unreconciled,
           count(*) filter (where exists (
             select 1 from unnest(actuals, amounts, meters) l (actual, amount, meter) join meters.counter m on m.id = l.meter
             where l.actual > l.amount and m.class = 'cost')) as overruns
         from meters.hold`,
      );
      const { rows } = await connection.query<Mismatch>(REPLAY);
      const booked = await connection.query<Mismatch>(BOOKED);
      const misplaced = await connection.query<Mismatch>(MISPLACED);
      const { open_holds, overruns, unreconciled } = counts.rows[0] ?? { open_holds: 0n, overruns: 0n, unreconciled: 0n };
      return { open_holds, overruns, unreconciled, mismatches: [...rows, ...booked.rows, ...misplaced.rows] };
    },
    'begin isolation level repeatable read read only',
  );
}

const REPLAY = `
with legs as (
  select l.meter,
    sum(l.amount) filter (where h.state = 'open') as held,
    sum(least(l.actual, l.amount)) filter (where h.state = 'settled') as settled,
    sum(least(l.actual, l.amount)) filter (where h.state = 'reconciled' and h.counted) as late,
    sum(l.amount) filter (where h.state = 'expired' and h.counted) as doubted,
    sum(greatest(l.actual - l.amount, 0)) filter (where h.state = 'settled') as overrun,
    sum(greatest(l.actual - l.amount, 0)) filter (where h.state = 'reconciled' and h.counted) as late_overrun
  from (select h.*, u.hold_id is null as counted
        from meters.hold h left join meters.unresolved u on u.hold_id = h.id and not u.counted) h
  cross join lateral unnest(h.meters, h.amounts, h.actuals) l (meter, amount, actual)
  group by l.meter
), grants as (
  select meter_id, sum(amount - expired) as cap, sum(held) as held, sum(used) as used from meters.grant group by meter_id
), replayed as (
  select m.*, x.what, x.counter, coalesce(x.replayed, 0)::bigint as replayed
  from meters.counter m left join legs l on l.meter = m.id left join grants g on g.meter_id = m.id
  cross join lateral (values
    ('held', m.held, l.held),
    ('used', m.used, case m.class when 'gauge' then 0 when 'cost' then coalesce(l.settled, 0) + coalesce(l.late, 0) else l.settled end),
    ('unreconciled', m.unreconciled, case m.class when 'cost' then l.doubted else 0 end),
    ('overrun', m.overrun, case m.class when 'cost' then coalesce(l.overrun, 0) + coalesce(l.late_overrun, 0) when 'quota' then l.overrun else 0 end),
    ('granted', case when m.class = 'credit' then m.cap else 0 end, case when m.class = 'credit' then g.cap else 0 end),
    ('grants held', case when m.class = 'credit' then m.held else 0 end, case when m.class = 'credit' then g.held else 0 end),
    ('grants used', case when m.class = 'credit' then m.used else 0 end, case when m.class = 'credit' then g.used else 0 end)
  ) x (what, counter, replayed)
)
select id as meter, workspace_id as workspace, key, what, counter, replayed from replayed
where counter is distinct from replayed order by workspace_id, key limit ${MISMATCHES_MAX}`;

/** A meter has one counter, in its workspace's counter row or archived; and what is there is a meter of that workspace. */
const MISPLACED = `
with stored as (
  select p.workspace_id, unnest(p.meters) as meter from meters.panel p
  union all
  select r.workspace_id, r.meter_id from meters.rest r
)
select coalesce(m.id, s.meter)::text as meter, coalesce(m.workspace_id, s.workspace_id) as workspace, coalesce(m.key, '') as key,
  'places' as what, count(s.meter) as counter, count(distinct m.id) as replayed
from meters.meter m full join stored s on s.meter = m.id and s.workspace_id = m.workspace_id
group by m.id, s.meter, m.workspace_id, s.workspace_id, m.key
having count(s.meter) <> 1 or m.id is null
order by 2, 3 limit ${MISMATCHES_MAX}`;

/**
 * What holds drew and cost against what the ledger adds up to, a workspace and a unit at a time. A workspace counts its cost in the
 * currency of every plan; the books report each call in the one its plan had, so those are the legs to compare.
 */
const BOOKED = `
with drawn as (
  select h.workspace_id, h.reported_unit as unit,
    sum(least(l.actual, l.amount)) filter (where h.state in ('settled', 'reconciled')) as cost,
    sum(greatest(l.actual - l.amount, 0)) filter (where h.state in ('settled', 'reconciled')) as overrun,
    sum(l.amount) filter (where h.state = 'expired') as unreconciled
  from meters.hold h
  cross join lateral unnest(h.meters, h.amounts, h.actuals) l (meter, amount, actual)
  join meters.counter m on m.id = l.meter and m.class = 'cost' and m.workspace_id = h.workspace_id and m.unit = h.reported_unit
  group by 1, 2
), compared as (
  select coalesce(m.workspace_id, t.workspace_id) as workspace, 'credit' as unit, x.what, x.counter, x.booked
  from (select * from meters.counter where class = 'credit') m
  full join (select * from ledger.totals() where unit = 'credit') t on t.workspace_id = m.workspace_id
  cross join lateral (values ('spent', m.used, t.spent), ('granted less expired', m.cap, t.granted - t.expired)) x (what, counter, booked)
  union all
  select d.workspace_id, d.unit, x.what, x.counter, x.booked
  from drawn d left join ledger.totals() t on t.workspace_id = d.workspace_id and t.unit = d.unit
  cross join lateral (values ('cost', d.cost, t.cost), ('overrun', d.overrun, t.overrun),
    ('unreconciled', d.unreconciled, t.unreconciled)) x (what, counter, booked)
)
select '' as meter, workspace, unit as key, 'booked ' || what as what, coalesce(counter, 0)::bigint as counter, coalesce(booked, 0)::bigint as replayed
from compared where coalesce(counter, 0) <> coalesce(booked, 0) order by workspace, unit limit ${MISMATCHES_MAX}`;
