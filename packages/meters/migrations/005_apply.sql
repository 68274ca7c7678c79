-- One batch: ends first (they free room), then holds in the order of arrival, each all-or-nothing. One commit for all.
--
-- `p_guards` are the workspaces of all holds, ends and meters of the batch; their guards are taken in a statement of its own,
-- so everything after it reads what the last holder of each guard has committed.
--
-- Arrays run in parallel; `p_key` and `p_hash` are null when no hold has a key. Each hold has `p_legs` legs, which come after the first `p_base`; `p_leg_meter` points into `p_meter` (from 1).
-- `p_cap` −1 keeps the stored cap. `p_fresh` describes meters this process has not seen before, as JSON rows.
--
-- Returns, a row each: for an end `state` is what the hold was before, and `available` the credits left after this batch;
-- for a hold `state` is 'held', 'denied' (`leg` tells where, `available` what was left), 'replay' or 'mismatch' (`other` is
-- the hold that owns the key).
create function meters.apply(
  p_now timestamptz,
  p_guards uuid[], p_meter uuid[], p_cap bigint[], p_fresh jsonb,
  p_hold uuid[], p_workspace uuid[], p_expires timestamptz[], p_key text[], p_hash text[], p_base integer[], p_legs integer[],
  p_leg_meter integer[], p_leg_amount bigint[], p_credit_leg integer[], p_plan text[], p_hold_provider text[],
  p_hold_cost bigint[], p_hold_cost_unit text[], p_hold_reported bigint[], p_hold_reported_unit text[],
  p_end uuid[], p_kind text[], p_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[],
  p_answer text[], p_attempts jsonb
) returns table (id uuid, is_end boolean, state text, leg integer, available bigint, other uuid) language plpgsql
-- Batches come in all sizes and tables grow from empty: one plan for all, by primary keys, never planned anew.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_endings  meters.ending[];
  v_free     bigint[];
  v_before   bigint[];
  v_verdict  integer[] := array_fill(0, array[greatest(cardinality(p_hold), 1)]);
  v_left     bigint[]  := array_fill(0::bigint, array[greatest(cardinality(p_hold), 1)]);
  v_other    uuid[]    := array_fill(null::uuid, array[greatest(cardinality(p_hold), 1)]);
  v_due      uuid[];
  v_doubtful boolean;
  v_granted  boolean;
  v_over     boolean;
  v_ended    boolean;
  v_whole    boolean;
  v_claim    record;
  v_leg      integer;
begin
  v_due := meters.lock_guards(p_now, p_guards, p_fresh is not null);
  if v_due is not null then perform meters.expire_locked_grants(p_now, v_due); end if;

  if p_key is not null then
    insert into meters.idempotency (workspace_id, key, request_hash, hold_id, claimed_at)
    select h.workspace_id, h.key, h.hash, h.id, p_now
    from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash, n)
    where h.key <> '' order by h.workspace_id, h.key, h.n on conflict do nothing;
    for v_claim in
      select h.ordinality::integer as n, i.hold_id, i.request_hash = h.hash as same
      from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash)
      join meters.idempotency i on i.workspace_id = h.workspace_id and i.key = h.key
      where h.key <> '' and i.hold_id <> h.id
    loop
      v_verdict[v_claim.n] := case when v_claim.same then -1 else -2 end;
      v_other[v_claim.n] := v_claim.hold_id;
    end loop;
  end if;

  if cardinality(p_end) > 0 then
    select array_agg(row(h.id, h.workspace_id, h.state, p_kind[e.n], h.meters, h.amounts, a.actuals, h.credit_meter,
        case when h.credit_meter is null then 0
             else least(a.actuals[array_position(h.meters, h.credit_meter)], h.amounts[array_position(h.meters, h.credit_meter)]) end,
        h.grants, h.grant_amounts, h.plan, h.provider, h.cost, h.cost_unit, h.reported, h.reported_unit,
        p_provider[e.n], p_cost[e.n], p_reported[e.n], p_answer[e.n])::meters.ending order by e.n),
      bool_or(p_kind[e.n] = 'doubt' or h.state = 'expired'), bool_or(cardinality(h.grants) > 0), bool_or(p_cost[e.n] > h.cost),
      bool_or(p_answer[e.n] <> '' or p_kind[e.n] <> 'settle'), bool_and(h.state = 'open') and count(*) = cardinality(p_end)
    into v_endings, v_doubtful, v_granted, v_over, v_ended, v_whole
    from (select u as id, min(ordinality) as n from unnest(p_end) with ordinality u group by u) e
    join meters.hold h on h.id = e.id
    cross join lateral (select case p_kind[e.n] when 'settle' then p_actual[p_first[e.n] : p_first[e.n] + cardinality(h.meters) - 1]
                                                else array_fill(0::bigint, array[cardinality(h.meters)]) end as actuals) a;
  end if;

  if p_fresh is not null then
    insert into meters.meter (id, workspace_id, key, unit, class, window_start, window_end, cap)
    select f.id, f.workspace_id, f.key, f.unit, f.class, f.window_start, f.window_end, greatest(f.cap, 0)
    from jsonb_to_recordset(p_fresh) f (id uuid, workspace_id uuid, key text, unit text, class meters.class,
                                        window_start timestamptz, window_end timestamptz, cap bigint)
    on conflict do nothing;
  end if;

  if v_endings is not null then
    perform meters.end_locked(p_now, v_endings, v_doubtful, v_granted, v_over, v_ended);
    -- A hold that had ended before keeps the attempts it had.
    perform ledger.record_attempts(case when v_whole then p_attempts else (
      select jsonb_agg(a) from jsonb_array_elements(p_attempts) a join unnest(v_endings) e on e.id = (a ->> 'hold_id')::uuid
      where e.state = 'open' or (e.state = 'expired' and e.kind <> 'doubt')) end) where p_attempts is not null;
  end if;

  if cardinality(p_hold) > 0 then
    select array_agg(case when c.cap >= 0 then c.cap else m.cap end - m.held - m.used - m.unreconciled - m.overrun order by c.ordinality)
    into v_free
    from unnest(p_meter, p_cap) with ordinality c (id, cap, ordinality) join meters.meter m on m.id = c.id;
    if cardinality(v_free) < cardinality(p_meter) then
      raise exception 'a meter of the batch is missing' using errcode = 'no_data_found';
    end if;
    v_before := v_free;

    for n in 1 .. cardinality(p_hold) loop
      if v_verdict[n] = 0 then
        for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
          if p_leg_amount[l] > v_free[p_leg_meter[l]] then
            v_verdict[n] := l - p_base[n];
            v_left[n] := v_free[p_leg_meter[l]];
            exit;
          end if;
        end loop;
        if v_verdict[n] = 0 then
          for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
            v_leg := p_leg_meter[l];
            v_free[v_leg] := v_free[v_leg] - p_leg_amount[l];
          end loop;
        end if;
      end if;
    end loop;

    perform meters.admit_locked(
      p_now, p_meter, p_cap, v_before, v_free, v_verdict, p_hold, p_workspace, p_expires, p_base, p_legs, p_leg_meter, p_leg_amount,
      p_credit_leg, p_plan, p_hold_provider, p_hold_cost, p_hold_cost_unit, p_hold_reported, p_hold_reported_unit);
    if p_key is not null then
      delete from meters.idempotency i using unnest(p_hold, v_verdict) h (id, verdict) where h.verdict > 0 and i.hold_id = h.id;
    end if;
  end if;

  return query
    select h.id, true, h.state::text, 0, (select m.cap - m.held - m.used from meters.meter m where m.id = h.credit_meter), null::uuid
    from unnest(v_endings) h
    union all
    select h.id, false, case when h.verdict = 0 then 'held' when h.verdict > 0 then 'denied' when h.verdict = -1 then 'replay' else 'mismatch' end,
      h.verdict, h.remaining, h.other
    from unnest(p_hold, v_verdict, v_left, v_other) h (id, verdict, remaining, other);
end $$;
