create type meters.draw as (grants uuid[], amounts bigint[], packs text[]);

-- Draws credits for admitted holds from the grants of their workspaces in burn order: soonest expiry first, then by priority,
-- then the oldest. Both sides are laid end to end as intervals; where a hold's overlaps a grant's, it draws.
-- What it returns is as of `draw_credits`.
create function meters.draw_in_turn(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
returns meters.draw[] language plpgsql as $$
declare
  v_draws   meters.draw[] := array_fill(null::meters.draw, array[p_total]);
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

-- Draws credits for admitted holds, at once from the grant of their workspace that burns first where that has enough for all of them,
-- as it nearly always has; the others draw in turn.
-- Returns one element for each of the `p_total` holds of the batch, null for those that draw nothing; `p_n` are the places of the others.
create function meters.draw_credits(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
returns meters.draw[] language plpgsql as $$
declare
  v_draws  meters.draw[] := array_fill(null::meters.draw, array[p_total]);
  v_turns  meters.draw[];
  v_drawn  record;
  v_place  integer[];
  v_count  integer := 0;
begin
  for v_drawn in
    with covered as (
      select w.places, w.amount, g.id, g.pack, g.row
      from (
        select p_workspace[r] as workspace_id, meters.total(p_amount[r]) as amount, array_agg(r) as places
        from generate_subscripts(p_n, 1) r group by 1
      ) w
      cross join lateral (
        select x.ctid as row, x.id, x.pack, x.amount - x.used - x.held - x.expired as free from meters.grant x
        where x.workspace_id = w.workspace_id and not x.closed and x.expired_at is null and x.amount > x.used + x.held + x.expired
        order by x.expires_at nulls last, x.priority, x.id limit 1
      ) g
      where g.free >= w.amount
    ), drawn as (
      update meters.grant g set held = g.held + c.amount from covered c where g.ctid = c.row
    )
    select unnest(c.places) as r, c.id, c.pack from covered c
  loop
    v_draws[p_n[v_drawn.r]] := row(array[v_drawn.id], array[p_amount[v_drawn.r]],
      case when v_drawn.pack is not null then array[v_drawn.pack] end)::meters.draw;
    v_count := v_count + 1;
  end loop;
  if v_count = cardinality(p_n) then return v_draws; end if;

  v_place := array(select r from generate_subscripts(p_n, 1) r where v_draws[p_n[r]] is null);
  v_turns := meters.draw_in_turn(p_total, array(select p_n[r] from unnest(v_place) r), array(select p_workspace[r] from unnest(v_place) r),
    array(select p_amount[r] from unnest(v_place) r));
  foreach v_count in array v_place loop
    v_draws[p_n[v_count]] := v_turns[p_n[v_count]];
  end loop;
  return v_draws;
end $$;

-- What each meter of the batch has room for; null where it is not on its panel. `p_first` and `p_count` are the part of `p_meter` that
-- belongs to each panel.
create function meters.room(p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[])
returns bigint[] language plpgsql as $$
declare
  v_room bigint[];
begin
  select array_agg(r.room) into v_room
  from (
    select case when p_cap[s.c] >= 0 then p_cap[s.c] else x.caps[s.n] end
      - x.held[s.n] - x.used[s.n] - x.unreconciled[s.n] - x.overrun[s.n] as room
    from generate_subscripts(p_panel, 1) k
    cross join lateral (select * from meters.panel x where x.workspace_id = p_panel[k] offset 0) x
    cross join lateral (
      select c, array_position(x.meters, p_meter[c]) as n from generate_series(p_first[k], p_first[k] + p_count[k] - 1) c offset 0
    ) s
  ) r;
  return v_room;
end $$;

-- Writes the admitted holds (verdict 0) of a batch whose panels the caller has locked, and moves the counters, in one statement.
-- `p_before` and `p_after` are what each meter had room for before and after the decisions.
create function meters.admit_locked(
  p_now timestamptz, p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[], p_before bigint[], p_after bigint[],
  p_verdict integer[], p_hold uuid[], p_workspace uuid[], p_expires timestamptz[], p_base integer[], p_legs integer[], p_leg_id uuid[],
  p_leg_kind "char"[], p_leg_amount bigint[], p_credit_leg integer[], p_plan text[], p_provider text[], p_cost bigint[], p_cost_unit text[],
  p_reported bigint[], p_reported_unit text[]
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

  -- Whole arrays are laid out once: a slice of a variable copies all of it.
  with flat as materialized (
    select p_meter as meters, p_leg_id as ids, p_leg_kind as kinds, p_leg_amount as amounts
  ), counted as (
    update meters.panel p set caps = m.caps, held = m.held, spare = m.spare
    from flat cross join generate_subscripts(p_panel, 1) k
    cross join lateral (
      select x.ctid as row, x.meters, x.caps, x.used, x.unreconciled, x.held, x.spare from meters.panel x
      where x.workspace_id = p_panel[k] offset 0
    ) x
    cross join lateral (
      select array_agg(s.cap) as caps, array_agg(s.held + s.taken) as held,
        array_agg(case when s.taken = 0 then s.spare
                       else greatest(s.spare, s.cap - s.held - s.used - s.unreconciled) - s.taken end) as spare,
        bool_or(s.taken <> 0 or s.cap <> s.before) as changed
      from (
        select u.cap as before, case when p_cap[u.c] >= 0 then p_cap[u.c] else u.cap end as cap,
          coalesce(p_before[u.c] - p_after[u.c], 0) as taken, u.used, u.unreconciled, u.held, u.spare
        from (
          select w.*, p_first[k] - 1 + array_position(flat.meters[p_first[k] : p_first[k] + p_count[k] - 1], w.meter) as c
          from (select unnest(x.meters) as meter, unnest(x.caps) as cap, unnest(x.used) as used, unnest(x.unreconciled) as unreconciled,
                  unnest(x.held) as held, unnest(x.spare) as spare) w
          offset 0
        ) u
        offset 0
      ) s
    ) m
    where p.ctid = x.row and m.changed
  )
  insert into meters.hold (id, workspace_id, held_at, expires_at, meters, kinds, amounts, actuals, credit_meter, grants, grant_amounts, packs,
                           plan, provider, cost, cost_unit, reported, reported_unit)
  select h.id, p_workspace[n], p_now, p_expires[n],
    flat.ids[p_base[n] + 1 : p_base[n] + p_legs[n]], flat.kinds[p_base[n] + 1 : p_base[n] + p_legs[n]],
    flat.amounts[p_base[n] + 1 : p_base[n] + p_legs[n]],
    array_fill(0::bigint, array[p_legs[n]]),
    case when p_credit_leg[n] > 0 then p_leg_id[p_base[n] + p_credit_leg[n]] end,
    coalesce((v_draws[n]).grants, '{}'), coalesce((v_draws[n]).amounts, '{}'), (v_draws[n]).packs,
    p_plan[n], p_provider[n], p_cost[n], p_cost_unit[n], p_reported[n], p_reported_unit[n]
  from flat cross join unnest(p_hold) with ordinality h (id, n)
  where p_verdict[n] = 0;
end $$;
