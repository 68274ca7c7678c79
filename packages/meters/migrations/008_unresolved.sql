-- What a provider may have billed while nobody knows: one row for each hold that ended so, as long as it cost anything. The books have the
-- worst case (`unreconciled` against the provider's payable) until word comes, and word comes late or never; so this says which, since
-- when and why, and whether the workspace's own counters count it. A hold that ended unresolved and has no row here counts.
create table meters.unresolved (
  hold_id       uuid        primary key,
  workspace_id  uuid        not null,
  provider      text        not null,
  model         text,
  -- What the last attempt came to; `expired` when no server has said, `lost` when the database had forgotten the hold.
  cause         text        not null,
  counted       boolean     not null,
  since         timestamptz not null,
  cost          bigint      not null,
  cost_unit     text        not null,
  reported      bigint      not null,
  reported_unit text        not null,
  resolved_at   timestamptz,
  verdict       text,
  constraint sound check (least(cost, reported) >= 0 and (resolved_at is null) = (verdict is null)
    and coalesce(verdict in ('billed', 'not_billed'), true))
);
create index unresolved_of_provider on meters.unresolved (provider, since) where resolved_at is null;
create index unresolved_of_workspace on meters.unresolved (workspace_id, since);
create index unresolved_counted on meters.unresolved (since) where resolved_at is null and counted;

alter table meters.unresolved enable row level security;
create policy own_rows on meters.unresolved for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on meters.unresolved to purser_work using (true);
grant select on meters.unresolved to purser_app;
grant select, insert, update on meters.unresolved to purser_work;

insert into meters.unresolved (hold_id, workspace_id, provider, cause, counted, since, cost, cost_unit, reported, reported_unit)
select h.id, h.workspace_id, h.provider, 'expired', true, h.ended_at, h.cost, h.cost_unit, h.reported, h.reported_unit
from meters.hold h where h.state = 'expired' and h.cost > 0;

-- Whether one more call without an answer in time still stays off the workspace's own counter. A caller can bring that about (a long answer
-- that is not streamed), so only a tenth of the cap is spared in its window; what is beyond counts until somebody knows.
create function meters.is_spared(p_hold meters.hold) returns boolean language plpgsql as $$
declare
  v_spared boolean;
begin
  select p_hold.reported + coalesce((
      select meters.total(u.reported) from meters.unresolved u
      where u.workspace_id = p_hold.workspace_id and u.since >= c.window_start and not u.counted and u.cause in ('timeout', 'garbage')
        and u.reported_unit = p_hold.reported_unit and u.verdict is distinct from 'not_billed'), 0) <= c.cap / 10
  into v_spared
  from generate_subscripts(p_hold.meters, 1) n
  join meters.counter c on c.id = p_hold.meters[n]
  where p_hold.kinds[n] = 'c' and c.unit = p_hold.reported_unit
  limit 1;
  return coalesce(v_spared, false);
end $$;

-- Keeps, books and counts the worst case of holds that have just ended without anybody knowing what they cost: `doubt` always counts,
-- `outage` (the provider broke off, of its own accord) never does, `timeout` does beyond what is spared.
create function meters.end_unresolved(p_now timestamptz, p_holds uuid[], p_kind text[], p_attempts jsonb) returns void language plpgsql as $$
declare
  v_hold  meters.hold;
  v_last  jsonb;
  v_count uuid[] := '{}';
begin
  for k in 1 .. cardinality(p_holds) loop
    select h.* into v_hold from meters.hold h where h.id = p_holds[k];
    if v_hold.cost = 0 then
      v_count := v_count || v_hold.id;
      continue;
    end if;
    v_last := (select a from jsonb_array_elements(p_attempts) a where (a ->> 'hold_id')::uuid = v_hold.id
               order by (a ->> 'ordinal')::integer desc limit 1);
    insert into meters.unresolved (hold_id, workspace_id, provider, model, cause, counted, since, cost, cost_unit, reported, reported_unit)
    values (v_hold.id, v_hold.workspace_id, v_hold.provider, v_last ->> 'model', coalesce(v_last ->> 'outcome', 'expired'),
      case p_kind[k] when 'outage' then false when 'timeout' then not meters.is_spared(v_hold) else true end,
      p_now, v_hold.cost, v_hold.cost_unit, v_hold.reported, v_hold.reported_unit);
  end loop;
  v_count := v_count || array(select u.hold_id from meters.unresolved u where u.hold_id = any (p_holds) and u.counted);
  perform meters.count_unresolved(p_now, v_count, 1);
  perform ledger.post(p_now, h.workspace_id, h.id, 'unreconciled', 'payable:' || h.provider, h.cost, h.cost_unit, h.reported, h.reported_unit, h.plan)
  from meters.hold h where h.id = any (p_holds) and h.cost > 0;
end $$;

-- Adds what holds may have cost to the counters, or (`p_sign` −1) takes it off again.
create function meters.count_unresolved(p_now timestamptz, p_holds uuid[], p_sign integer) returns void language plpgsql as $$
begin
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(0::bigint), array_agg(p_sign * l.amount),
    array_agg(0::bigint))
  from (select workspace_id, meter, meters.total(amount) as amount
        from meters.legs_of(p_holds) where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;
end $$;

drop function meters.end_doubts(timestamptz, uuid[]);

-- Word at last about holds that had ended unresolved: what was counted leaves unreconciled for used and overrun; what was not counted
-- stays off the counters, whatever it cost: the books have it, and the margin bears it. Credits and quotas were given back and stay so.
-- A void is a settlement at zero. Returns the holds it found so.
create or replace function meters.end_doubted(
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
    where h.ctid = e.row and h.state = 'expired' and p_kind[n] in ('settle', 'void')
    returning h.id
  )
  select array_agg(id) into v_known from known;
  if v_known is null then return null; end if;
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(l.used), array_agg(-l.doubted), array_agg(l.excess))
  from (select workspace_id, meter, meters.total(amount) as doubted, meters.total(least(actual, amount)) as used,
          meters.total(greatest(actual - amount, 0)) as excess
        from meters.legs_of(array(
          select k from unnest(v_known) k
          where (select u.hold_id from meters.unresolved u where u.hold_id = k and not u.counted) is null))
        where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;
  update meters.unresolved u set resolved_at = p_now, verdict = case when e.cost > 0 then 'billed' else 'not_billed' end
  from unnest(p_end, p_cost) e (id, cost)
  where u.hold_id = e.id and e.id = any (v_known);

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

-- Word about unresolved holds that comes from outside: an operator's, or a provider's report. `p_cost` runs parallel, in the currency of the
-- hold's cost: null is all that was held, zero is not billed. One that is known already stays as it is. Returns those it resolved.
create function meters.resolve(p_now timestamptz, p_holds uuid[], p_cost bigint[]) returns uuid[] language plpgsql as $$
declare
  v_workspaces uuid[];
  v_ids        uuid[];
  v_provider   text[];
  v_cost       bigint[];
  v_reported   bigint[];
  v_first      integer[];
  v_actual     bigint[];
begin
  v_workspaces := array(
    select distinct w from (
      select h.workspace_id as w from meters.hold h where h.id = any (p_holds)
      union all select '00000000-0000-0000-0000-000000000000') s);
  perform meters.lock_panels(p_now, v_workspaces, true);
  select array_agg(h.id order by n), array_agg(h.provider order by n), array_agg(coalesce(e.cost, h.cost) order by n),
    array_agg(case when h.cost = 0 then 0 else ceil(h.reported::numeric * coalesce(e.cost, h.cost) / h.cost)::bigint end order by n),
    array_agg(h.first::integer order by n)
  into v_ids, v_provider, v_cost, v_reported, v_first
  from unnest(p_holds, p_cost) with ordinality e (id, cost, n)
  join lateral (select * from meters.hold x where x.id = e.id and x.state = 'expired') x on true
  cross join lateral (select x.id, x.provider, x.cost, x.reported,
    1 + coalesce((select sum(cardinality(b.meters)) from unnest(p_holds) with ordinality o (id, n)
                  join meters.hold b on b.id = o.id and b.state = 'expired' where o.n < e.n), 0) as first) h;
  if v_ids is null then return '{}'; end if;
  v_actual := array(
    select case when lower(h.kinds[l]::text) <> 'c' then 0
                when h.cost = 0 then 0
                else ceil(h.amounts[l]::numeric * v_cost[n] / h.cost)::bigint end
    from unnest(v_ids) with ordinality e (id, n)
    join meters.hold h on h.id = e.id
    cross join lateral generate_subscripts(h.meters, 1) l
    order by n, l);
  return coalesce(meters.end_doubted(p_now, v_ids, array(select 'settle' from unnest(v_ids)), v_first, v_actual, v_cost, v_reported, v_provider),
    '{}');
end $$;

-- What a server of ours left unresolved (it died, or something of ours broke) is nobody's doing but ours: counted since before
-- `p_before`, it counts against no workspace any more. It stays in the books. Returns how many.
create function meters.stop_counting_unresolved(p_now timestamptz, p_before timestamptz, p_max integer) returns integer language plpgsql as $$
declare
  v_holds uuid[];
begin
  v_holds := array(
    select u.hold_id from meters.unresolved u
    where u.resolved_at is null and u.counted and u.since < p_before and u.cause in ('expired', 'fault')
    order by u.since limit p_max);
  if v_holds = '{}' then return 0; end if;
  perform meters.lock_panels(p_now, array(
    select distinct w from (
      select u.workspace_id as w from meters.unresolved u where u.hold_id = any (v_holds)
      union all select '00000000-0000-0000-0000-000000000000') s), true);
  with spared as (
    update meters.unresolved u set counted = false
    where u.hold_id = any (v_holds) and u.resolved_at is null and u.counted returning u.hold_id
  )
  select array_agg(hold_id) into v_holds from spared;
  if v_holds is null then return 0; end if;
  perform meters.count_unresolved(p_now, v_holds, -1);
  return cardinality(v_holds);
end $$;

-- A settlement whose hold the database does not know (a stand-by that was behind took over): the call was made, so its cost goes into the
-- books as unresolved, off the counters, with its attempts. False: the hold is there after all.
create function meters.keep_lost(
  p_now timestamptz, p_workspace uuid, p_hold uuid, p_described text, p_meters uuid[], p_amounts bigint[], p_plan text, p_provider text,
  p_cost bigint, p_cost_unit text, p_reported bigint, p_reported_unit text, p_attempts jsonb
) returns boolean language plpgsql as $$
begin
  perform meters.lock_panels(p_now, array[p_workspace, '00000000-0000-0000-0000-000000000000'], true);
  perform meters.describe(p_described);
  perform meters.bring(p_now, array(select p_workspace from unnest(p_meters)), p_meters);
  insert into meters.hold (id, workspace_id, state, held_at, expires_at, ended_at, meters, kinds, amounts, actuals, plan, provider,
                           cost, cost_unit, reported, reported_unit)
  values (p_hold, p_workspace, 'expired', p_now, p_now, p_now, p_meters, array(select 'c'::"char" from unnest(p_meters)), p_amounts,
          array(select 0::bigint from unnest(p_meters)), p_plan, p_provider, p_cost, p_cost_unit, p_reported, p_reported_unit)
  on conflict do nothing;
  if not found then return false; end if;
  insert into meters.unresolved (hold_id, workspace_id, provider, model, cause, counted, since, cost, cost_unit, reported, reported_unit)
  values (p_hold, p_workspace, p_provider, p_attempts -> -1 ->> 'model', 'lost', false, p_now, p_cost, p_cost_unit, p_reported, p_reported_unit);
  if p_cost > 0 then
    perform ledger.post(p_now, p_workspace, p_hold, 'unreconciled', 'payable:' || p_provider, p_cost, p_cost_unit, p_reported, p_reported_unit,
      p_plan);
  end if;
  perform ledger.record_attempts(p_attempts);
  return true;
end $$;

-- As before, but for what ends unresolved: three kinds, each kept with its cause.
create or replace function meters.apply(
  p_now timestamptz,
  p_workspaces uuid[], p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[], p_fresh text,
  p_hold uuid[], p_workspace uuid[], p_expires timestamptz[], p_key text[], p_hash text[], p_base integer[], p_legs integer[],
  p_leg_meter integer[], p_leg_id uuid[], p_leg_kind "char"[], p_leg_amount bigint[], p_credit_leg integer[], p_plan text[], p_hold_provider text[],
  p_hold_cost bigint[], p_hold_cost_unit text[], p_hold_reported bigint[], p_hold_reported_unit text[],
  p_end uuid[], p_kind text[], p_actual_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[],
  p_answer text[], p_attempts jsonb
) returns table (verdicts integer[], lefts bigint[], others uuid[], states text[], places integer[], credits bigint[]) language plpgsql
-- Batches come in all sizes and tables grow from empty: one plan for all, by primary keys, never planned anew.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_holds   constant integer := cardinality(p_hold);
  v_ends    constant integer := cardinality(p_end);
  v_due     uuid[];
  v_free    bigint[];
  v_before  bigint[];
  v_verdict integer[] := array_fill(0, array[v_holds]);
  v_ended   uuid[];
  v_late    uuid[];
  v_credit  uuid[];
  v_owner   uuid[];
  v_claim   record;
  v_denied  boolean := false;
begin
  v_due := meters.lock_panels(p_now, p_workspaces, p_fresh is not null);
  if v_due is not null then perform meters.expire_locked_grants(p_now, v_due); end if;

  if p_key is not null then
    insert into meters.idempotency (workspace_id, key, request_hash, hold_id, claimed_at)
    select h.workspace_id, h.key, h.hash, h.id, p_now
    from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash, n)
    where h.key <> '' order by h.workspace_id, h.key, h.n on conflict do nothing;
    for v_claim in
      select h.ordinality::integer as n, i.hold_id, i.request_hash = h.hash as same
      from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash)
      cross join lateral (select * from meters.idempotency x where x.workspace_id = h.workspace_id and x.key = h.key offset 0) i
      where h.key <> '' and i.hold_id <> h.id
    loop
      v_verdict[v_claim.n] := case when v_claim.same then -1 else -2 end;
      others := coalesce(others, array_fill(null::uuid, array[v_holds]));
      others[v_claim.n] := v_claim.hold_id;
      v_denied := true;
    end loop;
  end if;

  if v_ends > 0 then
    select e.ended, e.places, e.credit_meters, e.workspaces into v_ended, places, v_credit, v_owner
    from meters.end_open(p_now, p_end, p_kind, p_actual_first, p_actual, p_cost, p_reported, p_provider) e;
    if p_kind && array['doubt', 'outage', 'timeout'] and v_ended is not null then
      perform meters.end_unresolved(p_now, array_agg(e.id order by e.n), array_agg(e.kind order by e.n), p_attempts)
      from unnest(p_end, p_kind) with ordinality e (id, kind, n)
      where e.kind in ('doubt', 'outage', 'timeout') and e.id = any (v_ended) having count(*) > 0;
    end if;
    if p_answer is not null and v_ended is not null then perform meters.end_keys(v_ended, p_end, p_kind, p_answer); end if;
    if coalesce(cardinality(v_ended), 0) < v_ends then
      v_late := meters.end_doubted(p_now, p_end, p_kind, p_actual_first, p_actual, p_cost, p_reported, p_provider);
      select array_agg(case when e.id = any (v_ended) then 'open' when e.id = any (v_late) then 'expired'
                            else coalesce(h.state::text, 'unknown') end order by e.n),
        array_agg(e.n::integer order by e.n), array_agg(h.credit_meter order by e.n),
        array_agg(h.workspace_id order by e.n)
      into states, places, v_credit, v_owner
      from unnest(p_end) with ordinality e (id, n)
      left join lateral (select x.id, x.state, x.credit_meter, x.workspace_id from meters.hold x where x.id = e.id offset 0) h on true;
      -- A hold that had ended before keeps the attempts it had.
      p_attempts := (select jsonb_agg(a) from jsonb_array_elements(p_attempts) a
                     where (a ->> 'hold_id')::uuid = any (v_ended || v_late));
    end if;
    if p_attempts is not null then perform ledger.record_attempts(p_attempts); end if;
  end if;

  if v_holds > 0 then
    v_free := meters.room(p_panel, p_first, p_count, p_meter, p_cap);
    if array_position(v_free, null) > 0 then
      if p_fresh is not null then perform meters.describe(p_fresh); end if;
      perform meters.bring(p_now, array(select p_panel[k] from generate_subscripts(p_panel, 1) k, generate_series(1, p_count[k])), p_meter);
      v_free := meters.room(p_panel, p_first, p_count, p_meter, p_cap);
    end if;
    v_before := v_free;

    for n in 1 .. v_holds loop
      if v_verdict[n] = 0 then
        for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
          if p_leg_amount[l] > v_free[p_leg_meter[l]] then
            v_verdict[n] := l - p_base[n];
            lefts := coalesce(lefts, array_fill(0::bigint, array[v_holds]));
            lefts[n] := v_free[p_leg_meter[l]];
            v_denied := true;
            exit;
          end if;
        end loop;
        if v_verdict[n] = 0 then
          for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
            v_free[p_leg_meter[l]] := v_free[p_leg_meter[l]] - p_leg_amount[l];
          end loop;
        end if;
      end if;
    end loop;

    perform meters.admit_locked(
      p_now, p_panel, p_first, p_count, p_meter, p_cap, v_before, v_free, v_verdict, p_hold, p_workspace, p_expires, p_base, p_legs,
      p_leg_id, p_leg_kind, p_leg_amount, p_credit_leg, p_plan, p_hold_provider, p_hold_cost, p_hold_cost_unit, p_hold_reported, p_hold_reported_unit);
    if p_key is not null then
      delete from meters.idempotency i
      where i.hold_id = any (array(select h.id from unnest(p_hold, v_verdict) h (id, verdict) where h.verdict > 0));
    end if;
  end if;

  if v_denied then verdicts := v_verdict; end if;
  if v_credit is not null then
    credits := array(
      select (select p.caps[c] - p.held[c] - p.used[c] from meters.panel p, array_position(p.meters, v_credit[n]) c
              where p.workspace_id = v_owner[n])
      from generate_subscripts(v_credit, 1) n);
  end if;
  return next;
end $$;
