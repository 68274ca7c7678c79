create type meters.draw as (grants uuid[], amounts bigint[]);

-- Draws credits for admitted holds from the grants of their workspaces in burn order: soonest expiry first, then by priority,
-- then the oldest. Both sides are laid end to end as intervals; where a hold's overlaps a grant's, it draws.
-- Returns one element for each of the `p_total` holds of the batch; `p_n` are the places of those that draw.
create function meters.draw_credits(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
returns meters.draw[] language plpgsql as $$
declare
  v_draws   meters.draw[] := array_fill(row('{}', '{}')::meters.draw, array[p_total]);
  v_missing bigint := (select meters.total(a) from unnest(p_amount) a);
  v_drawn   record;
begin
  for v_drawn in
    with piece as (
      select a.n, g.id, g.low, (least(a.high, g.high) - greatest(a.low, g.low))::bigint as amount
      from (
        select w.workspace_id, array_agg(w.n) as ns, array_agg(w.high - w.amount) as lows, array_agg(w.high) as highs
        from (select r.*, sum(r.amount) over (partition by r.workspace_id order by r.n) as high
              from unnest(p_n, p_workspace, p_amount) r (n, workspace_id, amount)) w
        group by w.workspace_id
      ) asked
      cross join lateral (
        select f.id, sum(f.free) over burn - f.free as low, sum(f.free) over burn as high
        from (select x.id, x.expires_at, x.priority, x.amount - x.used - x.held - x.expired as free from meters.grant x
              where x.workspace_id = asked.workspace_id and not x.closed and x.expired_at is null
                and x.amount > x.used + x.held + x.expired) f
        window burn as (order by f.expires_at nulls last, f.priority, f.id)
      ) g
      cross join lateral unnest(asked.ns, asked.lows, asked.highs) a (n, low, high)
      where g.low < a.high and g.high > a.low
    ), drawn as (
      update meters.grant g set held = g.held + d.amount
      from (select id, meters.total(amount) as amount from piece group by id) d
      where g.id = d.id
    )
    select n, array_agg(id order by low) as grants, array_agg(amount order by low) as amounts, meters.total(amount) as amount
    from piece group by n
  loop
    v_draws[v_drawn.n] := row(v_drawn.grants, v_drawn.amounts)::meters.draw;
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
      held = m.held + c.before - c.after,
      cap = case when c.cap >= 0 then c.cap else m.cap end,
      admitted_cap = case when c.before = c.after then m.admitted_cap
                          else greatest(m.admitted_cap, case when c.cap >= 0 then c.cap else m.cap end) end
    from unnest(p_meter, p_cap, p_before, p_after) c (id, cap, before, after)
    where m.id = c.id and (c.before <> c.after or (c.cap >= 0 and c.cap <> m.cap))
  )
  insert into meters.hold (id, workspace_id, held_at, expires_at, meters, amounts, actuals, credit_meter, grants, grant_amounts, plan, provider,
                           cost, cost_unit, reported, reported_unit)
  select h.id, h.workspace_id, p_now, h.expires_at,
    p_leg_id[h.base + 1 : h.base + h.legs], p_leg_amount[h.base + 1 : h.base + h.legs], array_fill(0::bigint, array[h.legs]),
    case when h.credit_leg > 0 then p_leg_id[h.base + h.credit_leg] end,
    coalesce((v_draws[h.n]).grants, '{}'), coalesce((v_draws[h.n]).amounts, '{}'),
    h.plan, h.provider, h.cost, h.cost_unit, h.reported, h.reported_unit
  from unnest(p_hold, p_workspace, p_expires, p_verdict, p_base, p_legs, p_credit_leg, p_plan, p_provider, p_cost, p_cost_unit, p_reported,
              p_reported_unit)
    with ordinality h (id, workspace_id, expires_at, verdict, base, legs, credit_leg, plan, provider, cost, cost_unit, reported, reported_unit, n)
  where h.verdict = 0;
end $$;
