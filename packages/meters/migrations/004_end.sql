-- Ends the open ones among the holds asked for, in one statement: their counters, grants and postings. The caller has the locks.
-- What is asked (`p_kind`) is to settle, to void, or to doubt: the provider may have billed, and nobody knows how much.
--
--   open + settle → settled:    min(actual, held) becomes used, the rest is released, the excess is overrun
--   open + void   → voided:     everything is released
--   open + doubt  → expired:    everything is released; `end_doubts` then counts and books the cost
--
-- Whatever is held is on its panel, so what is released and used is counted there; `end_overruns` counts what is more than was held.
--
-- Cost is booked up to what was held; what goes beyond is real, never refused, and ours to bear. Credits return to the grants
-- they came from, less what was charged, in burn order; what returns to a grant whose time is over lapses with it.
-- Rows are found one by one, by a subquery on the primary key: a join would be planned by the size the table had when it was last
-- looked at, and one that was empty then is read from end to end for every batch, however long it has grown.
-- Returns the holds it ended, their places in `p_end`, and the credit meter and workspace of each.
create function meters.end_open(
  p_now timestamptz, p_end uuid[], p_kind text[], p_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[],
  p_provider text[], out ended uuid[], out places integer[], out credit_meters uuid[], out workspaces uuid[]
) language plpgsql as $$
declare
  v_lapsed uuid[];
  v_posted integer;
  v_packed uuid[];
  v_over   boolean;
begin
  with gone as (
    update meters.hold h set
      state    = case p_kind[n] when 'settle' then 'settled'::meters.state when 'void' then 'voided' else 'expired' end,
      ended_at = p_now,
      actuals  = case p_kind[n] when 'settle' then p_actual[p_first[n] : p_first[n] + cardinality(h.meters) - 1] else h.actuals end
    from (select n, (select x.ctid from meters.hold x where x.id = e.id) as row from unnest(p_end) with ordinality e (id, n)) e
    where h.ctid = e.row and h.state = 'open'
    returning e.n::integer as n, h.id, h.workspace_id, h.meters, h.kinds, h.amounts, h.actuals, h.credit_meter, h.grants, h.grant_amounts, h.packs, h.plan,
      h.cost, h.cost_unit, h.reported, h.reported_unit, p_provider[n] as provider, p_cost[n] as actual_cost, p_reported[n] as actual_reported,
      case when h.credit_meter is null then 0
           else least(h.actuals[array_position(h.meters, h.credit_meter)], h.amounts[array_position(h.meters, h.credit_meter)]) end as charged
  ), counted as (
    update meters.panel p set used = c.used, held = c.held, spare = c.spare
    from (
      select d.workspace_id, array_agg(d.meter) as meters, array_agg(d.held) as held, array_agg(d.used) as used,
        bool_or(d.beyond) as beyond
      from (
        select case when g.kinds[l.n] < 'a' then '00000000-0000-0000-0000-000000000000' else g.workspace_id end as workspace_id, l.meter,
          meters.total(g.amounts[l.n]) as held,
          meters.total(case when g.kinds[l.n] in ('g', 'G') then 0 else least(g.actuals[l.n], g.amounts[l.n]) end) as used,
          bool_or(g.actuals[l.n] > g.amounts[l.n]) as beyond
        from gone g cross join lateral unnest(g.meters) with ordinality l (meter, n)
        group by 1, l.meter
      ) d
      group by d.workspace_id
    ) d
    cross join lateral (
      select x.ctid as row, x.meters, x.used, x.held, x.spare from meters.panel x where x.workspace_id = d.workspace_id offset 0
    ) x
    cross join lateral (
      select array_agg(u.used + coalesce(d.used[u.n], 0)) as used, array_agg(u.held - coalesce(d.held[u.n], 0)) as held,
        array_agg(u.spare + coalesce(d.held[u.n] - d.used[u.n], 0)) as spare
      from (
        select s.used, s.held, s.spare, array_position(d.meters, s.meter) as n
        from (select unnest(x.meters) as meter, unnest(x.used) as used, unnest(x.held) as held, unnest(x.spare) as spare) s
        offset 0
      ) u
    ) c
    where p.ctid = x.row
    returning d.beyond
  ), returned as (
    update meters.grant g set
      held   = g.held - s.amount,
      used   = g.used + s.spent,
      closed = g.held = s.amount and g.used + s.spent + g.expired = g.amount
    from (
      select d.amount, d.spent, (select x.ctid from meters.grant x where x.id = d.grant_id) as row
      from (
        select d.grant_id, meters.total(d.amount) as amount, meters.total(greatest(0, least(d.amount, d.charged - d.before))) as spent
        from (
          select l.grant_id, g.grant_amounts[l.n] as amount, g.charged,
            case l.n when 1 then 0 else (select meters.total(b) from unnest(g.grant_amounts[: l.n - 1]) b) end as before
          from gone g cross join lateral unnest(g.grants) with ordinality l (grant_id, n)
        ) d
        group by d.grant_id
      ) d
    ) s
    where g.ctid = s.row
    returning g.id, g.expired_at
  )
  select
    (select array_agg(id) from returned where expired_at is not null),
    (select ledger.post_many(p_now, array_agg(g.workspace_id), array_agg(g.id), array_agg(p.debit), array_agg(p.credit), array_agg(p.amount),
        array_agg(p.unit), array_agg(p.reported), array_agg(p.reported_unit), array_agg(g.plan))
     from gone g cross join lateral (values
       ('wallet', 'spent', case when g.packs is null then g.charged else 0 end, 'credit', null::bigint, null::text),
       ('cost', 'payable:' || g.provider, least(g.actual_cost, g.cost), g.cost_unit, least(g.actual_reported, g.reported), g.reported_unit),
       ('overrun', 'payable:' || g.provider, g.actual_cost - g.cost, g.cost_unit, greatest(g.actual_reported - g.reported, 0),
        g.reported_unit)) p (debit, credit, amount, unit, reported, reported_unit)
     where p.amount > 0
     having count(*) > 0),
    g.ended, g.places, g.credit_meters, g.workspaces, g.packed, (select bool_or(c.beyond) from counted c)
  into v_lapsed, v_posted, ended, places, credit_meters, workspaces, v_packed, v_over
  from (select array_agg(id) as ended, array_agg(n) as places, array_agg(credit_meter) as credit_meters, array_agg(workspace_id) as workspaces,
          array_agg(id) filter (where packs is not null) as packed
        from gone) g;
  if v_over then perform meters.end_overruns(p_now, ended); end if;
  if v_packed is not null then perform meters.post_packed(p_now, v_packed); end if;
  if v_lapsed is not null then perform meters.lapse_grants(p_now, v_lapsed); end if;
end $$;

-- Books what settled holds spent of packs, each pack apart, and beside it what they spent of other credits.
create function meters.post_packed(p_now timestamptz, p_holds uuid[]) returns void language plpgsql as $$
begin
  perform ledger.post(p_now, s.workspace_id, s.id, 'wallet', 'spent' || coalesce(':pack:' || s.pack, ''), s.spent, 'credit', p_plan => s.plan)
  from (
    select d.id, d.workspace_id, d.plan, d.pack, meters.total(greatest(0, least(d.amount, d.charged - d.before))) as spent
    from (
      select h.id, h.workspace_id, h.plan, h.packs[l.n] as pack, l.amount, sum(l.amount) over (partition by h.id order by l.n)::bigint - l.amount as before,
        least(h.actuals[array_position(h.meters, h.credit_meter)], h.amounts[array_position(h.meters, h.credit_meter)]) as charged
      from meters.hold h cross join lateral unnest(h.grant_amounts) with ordinality l (amount, n)
      where h.id = any (p_holds)
    ) d
    group by d.id, d.workspace_id, d.plan, d.pack
  ) s
  where s.spent > 0;
end $$;

-- The legs of holds, each with the workspace whose meter it is on.
create function meters.legs_of(p_holds uuid[])
returns table (workspace_id uuid, meter uuid, kind "char", amount bigint, actual bigint) language plpgsql as $$
begin
  return query
  select case when h.kinds[n] < 'a' then '00000000-0000-0000-0000-000000000000' else h.workspace_id end, h.meters[n],
    lower(h.kinds[n]::text)::"char", h.amounts[n], h.actuals[n]
  from meters.hold h cross join lateral generate_subscripts(h.meters, 1) n
  where h.id = any (p_holds);
end $$;

-- Counts what holds that have just been settled took beyond what they had held.
create function meters.end_overruns(p_now timestamptz, p_holds uuid[]) returns void language plpgsql as $$
begin
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(0::bigint), array_agg(0::bigint), array_agg(l.excess))
  from (select workspace_id, meter, meters.total(actual - amount) as excess
        from meters.legs_of(p_holds) where kind in ('c', 'q') and actual > amount group by workspace_id, meter) l
  having count(*) > 0;
end $$;

-- Counts and books the worst case of holds that have just ended in doubt.
create function meters.end_doubts(p_now timestamptz, p_holds uuid[]) returns void language plpgsql as $$
begin
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(0::bigint), array_agg(l.doubted), array_agg(0::bigint))
  from (select workspace_id, meter, meters.total(amount) as doubted
        from meters.legs_of(p_holds) where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;
  perform ledger.post(p_now, h.workspace_id, h.id, 'unreconciled', 'payable:' || h.provider, h.cost, h.cost_unit, h.reported, h.reported_unit, h.plan)
  from meters.hold h where h.id = any (p_holds) and h.cost > 0;
end $$;

-- Word at last about holds that had ended in doubt: cost leaves unreconciled for used and overrun; credits and quotas were given
-- back and stay so. A void is a settlement at zero. Returns the holds it found so.
create function meters.end_doubted(
  p_now timestamptz, p_end uuid[], p_kind text[], p_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[]
) returns uuid[] language plpgsql as $$
declare
  v_known uuid[];
begin
  with known as (
    update meters.hold h set
      state    = 'reconciled',
      ended_at = p_now,
      actuals  = case p_kind[n] when 'settle' then p_actual[p_first[n] : p_first[n] + cardinality(h.meters) - 1] else h.actuals end
    from (select n, (select x.ctid from meters.hold x where x.id = e.id) as row from unnest(p_end) with ordinality e (id, n)) e
    where h.ctid = e.row and h.state = 'expired' and p_kind[n] <> 'doubt'
    returning h.id
  )
  select array_agg(id) into v_known from known;
  if v_known is null then return null; end if;
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(l.used), array_agg(-l.doubted), array_agg(l.excess))
  from (select workspace_id, meter, meters.total(amount) as doubted, meters.total(least(actual, amount)) as used,
          meters.total(greatest(actual - amount, 0)) as excess
        from meters.legs_of(v_known) where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;

  perform ledger.post(p_now, h.workspace_id, h.id, p.debit, p.credit, p.amount, h.cost_unit, p.reported, h.reported_unit, h.plan)
  from unnest(p_end, p_cost, p_reported, p_provider) e (id, cost, reported, provider)
  cross join lateral (select * from meters.hold x where x.id = e.id and x.id = any (v_known) offset 0) h
  cross join lateral (values
    ('cost', 'unreconciled', least(e.cost, h.cost), least(e.reported, h.reported)),
    ('payable:' || h.provider, 'unreconciled', h.cost - e.cost, greatest(h.reported - e.reported, 0)),
    ('overrun', 'payable:' || e.provider, e.cost - h.cost, greatest(e.reported - h.reported, 0))) p (debit, credit, amount, reported)
  where p.amount > 0;
  return v_known;
end $$;

-- A key stays with the hold that spent under it and remembers the answer; a hold that charged nothing gives its key back.
create function meters.end_keys(p_ended uuid[], p_end uuid[], p_kind text[], p_answer text[]) returns void language plpgsql as $$
begin
  update meters.idempotency i set answer = e.answer
  from (select e.answer, (select x.ctid from meters.idempotency x where x.hold_id = e.id) as row
        from unnest(p_end, p_kind, p_answer) e (id, kind, answer)
        where e.kind = 'settle' and e.answer <> '' and e.id = any (p_ended)) e
  where i.ctid = e.row;
  delete from meters.idempotency i
  where i.hold_id = any (array(select e.id from unnest(p_end, p_kind) e (id, kind) where e.kind <> 'settle' and e.id = any (p_ended)));
end $$;
