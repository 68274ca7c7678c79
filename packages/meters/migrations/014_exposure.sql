-- A provider may write on beyond the limit that was sent, up to what its model can: a call comes to more than is held for it. What the
-- calls under way may come to beyond their holds is their exposure: a gauge, held with the call and given back at its end. A hold is
-- admitted only while what is taken of the cost and all exposure together stay within the exposure's cap, the whole ceiling; so whatever
-- providers do to the calls under way, no more is spent than that.

drop function meters.apply(
  timestamptz, uuid[], uuid[], integer[], integer[], uuid[], bigint[], text, uuid[], uuid[], timestamptz[], text[], text[], integer[], integer[],
  integer[], uuid[], "char"[], bigint[], integer[], text[], text[], bigint[], text[], bigint[], text[], uuid[], text[], integer[], bigint[],
  bigint[], bigint[], text[], text[], jsonb);

-- As it was before, but for the exposure: `p_exposed_leg` is for each hold the place of the leg that is its exposure, which comes after the
-- cost it belongs to, or 0; null where no hold has one.
create function meters.apply(
  p_now timestamptz,
  p_workspaces uuid[], p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[], p_fresh text,
  p_hold uuid[], p_workspace uuid[], p_expires timestamptz[], p_key text[], p_hash text[], p_base integer[], p_legs integer[],
  p_leg_meter integer[], p_leg_id uuid[], p_leg_kind "char"[], p_leg_amount bigint[], p_credit_leg integer[], p_exposed_leg integer[],
  p_plan text[], p_hold_provider text[],
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
  v_left    bigint;
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
          v_left := v_free[p_leg_meter[l]];
          -- What is taken of the cost with this hold, and what calls under way may come to beyond theirs, stay within the exposure's cap.
          if l = p_base[n] + p_exposed_leg[n] then
            v_left := v_left - (p_cap[p_leg_meter[l - 1]] - v_free[p_leg_meter[l - 1]] + p_leg_amount[l - 1]);
          end if;
          if p_leg_amount[l] > v_left then
            v_verdict[n] := l - p_base[n];
            lefts := coalesce(lefts, array_fill(0::bigint, array[v_holds]));
            lefts[n] := v_left;
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
    if p_answer is not null then perform meters.keep_balances(p_end, p_answer, places, credits); end if;
  end if;
  return next;
end $$;
