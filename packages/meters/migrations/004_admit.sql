create type meters.draw as (grants uuid[], amounts bigint[], packs text[]);

-- Draws credits for admitted holds from the grants of their workspaces in burn order: soonest expiry first, then by priority,
-- then the oldest. Both sides are laid end to end as intervals; where a hold's overlaps a grant's, it draws.
-- Returns one element for each of the `p_total` holds of the batch; `p_n` are the places of those that draw.
create function meters.draw_credits(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
returns meters.draw[] language plpgsql as $$
declare
  v_draws   meters.draw[] := array_fill(row('{}', '{}', null)::meters.draw, array[p_total]);
  v_missing bigint := (select meters.total(a) from unnest(p_amount) a);
  v_drawn   record;
begin
  for v_drawn in
    with piece as (
      select a.n, g.id, g.pack, g.low, (least(a.high, g.high) - greatest(a.low, g.low))::bigint as amount
      from (
        select w.workspace_id, array_agg(w.n) as ns, array_agg(w.high - w.amount) as lows, array_agg(w.high) as highs
        from (select a.n, p_workspace[r] as workspace_id, p_amount[r] as amount,
                sum(p_amount[r]) over (partition by p_workspace[r] order by r) as high
              from unnest(p_n) with ordinality a (n, r)) w
        group by w.workspace_id
      ) asked
      cross join lateral (
        select f.id, f.pack, sum(f.free) over burn - f.free as low, sum(f.free) over burn as high
        from (select x.id, x.pack, x.expires_at, x.priority, x.amount - x.used - x.held - x.expired as free from meters.grant x
              where x.workspace_id = asked.workspace_id and not x.closed and x.expired_at is null
                and x.amount > x.used + x.held + x.expired) f
        window burn as (order by f.expires_at nulls last, f.priority, f.id)
      ) g
      cross join lateral unnest(asked.ns, asked.lows, asked.highs) a (n, low, high)
      where g.low < a.high and g.high > a.low
    ), drawn as (
      update meters.grant g set held = g.held + d.amount
      from (select d.amount, (select x.ctid from meters.grant x where x.id = d.id) as row
            from (select id, meters.total(amount) as amount from piece group by id) d) d
      where g.ctid = d.row
    )
    select n, array_agg(id order by low) as grants, array_agg(amount order by low) as amounts,
      case when count(pack) > 0 then array_agg(pack order by low) end as packs, meters.total(amount) as amount
    from piece group by n
  loop
    v_draws[v_drawn.n] := row(v_drawn.grants, v_drawn.amounts, v_drawn.packs)::meters.draw;
    v_missing := v_missing - v_drawn.amount;
  end loop;
  if v_missing <> 0 then
    raise exception 'the grants do not cover what the credit meters admitted' using errcode = 'check_violation';
  end if;
  return v_draws;
end $$;

-- Writes the admitted holds (verdict 0) of a batch whose meters the caller has locked, and moves the counters, in one statement.
-- `p_before` and `p_after` are what each meter had room for before and after the decisions.
create function meters.admit_locked(
  p_now timestamptz, p_meter uuid[], p_cap bigint[], p_before bigint[], p_after bigint[], p_verdict integer[],
  p_hold uuid[], p_workspace uuid[], p_expires timestamptz[], p_base integer[], p_legs integer[], p_leg_id uuid[], p_leg_amount bigint[],
  p_credit_leg integer[], p_plan text[], p_provider text[], p_cost bigint[], p_cost_unit text[], p_reported bigint[],
  p_reported_unit text[]
) returns void language plpgsql as $$
declare
  v_draws meters.draw[];
  v_n     integer[] := '{}';
  v_who   uuid[] := '{}';
  v_asked bigint[] := '{}';
  v_drawn bigint;
begin
  for n in 1 .. cardinality(p_hold) loop
    if p_verdict[n] = 0 and p_credit_leg[n] > 0 then
      v_drawn := p_leg_amount[p_base[n] + p_credit_leg[n]];
      if v_drawn > 0 then
        v_n := v_n || n;
        v_who := v_who || p_workspace[n];
        v_asked := v_asked || v_drawn;
      end if;
    end if;
  end loop;
  if v_n <> '{}' then v_draws := meters.draw_credits(cardinality(p_hold), v_n, v_who, v_asked); end if;

  with counted as (
    update meters.meter m set
      held = m.held + p_before[c] - p_after[c],
      cap = case when p_cap[c] >= 0 then p_cap[c] else m.cap end,
      admitted_cap = case when p_before[c] = p_after[c] then m.admitted_cap
                          else greatest(m.admitted_cap, case when p_cap[c] >= 0 then p_cap[c] else m.cap end) end
    from (select c, (select x.ctid from meters.meter x where x.id = w.id) as row from unnest(p_meter) with ordinality w (id, c)) w
    where m.ctid = w.row and (p_before[c] <> p_after[c] or (p_cap[c] >= 0 and p_cap[c] <> m.cap))
  )
  insert into meters.hold (id, workspace_id, held_at, expires_at, meters, amounts, actuals, credit_meter, grants, grant_amounts, packs, plan, provider,
                           cost, cost_unit, reported, reported_unit)
  select h.id, p_workspace[n], p_now, p_expires[n],
    p_leg_id[p_base[n] + 1 : p_base[n] + p_legs[n]], p_leg_amount[p_base[n] + 1 : p_base[n] + p_legs[n]],
    array_fill(0::bigint, array[p_legs[n]]),
    case when p_credit_leg[n] > 0 then p_leg_id[p_base[n] + p_credit_leg[n]] end,
    coalesce((v_draws[n]).grants, '{}'), coalesce((v_draws[n]).amounts, '{}'), (v_draws[n]).packs,
    p_plan[n], p_provider[n], p_cost[n], p_cost_unit[n], p_reported[n], p_reported_unit[n]
  from unnest(p_hold) with ordinality h (id, n)
  where p_verdict[n] = 0;
end $$;
