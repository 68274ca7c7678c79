-- Sums of whole units: unlike `sum`, which makes a numeric of them.
create aggregate meters.total (bigint) (sfunc = int8pl, stype = bigint, initcond = '0');

-- Locks the panels of the workspaces in the one global order. Every change begins here, so the batches of several servers
-- never wait in a circle. With `p_new`, missing panels are made first: before any lock is held, and in the same order.
-- `p_workspaces` are distinct.
-- Returns the workspaces whose grants may be due at `p_now`; null when there are none.
create function meters.lock_panels(p_now timestamptz, p_workspaces uuid[], p_new boolean) returns uuid[] language plpgsql as $$
declare
  v_locked integer;
  v_due    uuid[];
begin
  if p_new then
    insert into meters.panel (workspace_id)
    select w from unnest(p_workspaces) w where (select p.workspace_id from meters.panel p where p.workspace_id = w) is null
    order by w = '00000000-0000-0000-0000-000000000000', w on conflict do nothing;
  end if;
  select count(*), array_agg(l.workspace_id) filter (where l.grant_due_at <= p_now) into v_locked, v_due
  from (select p.workspace_id, p.grant_due_at from meters.panel p where p.workspace_id = any (p_workspaces)
        order by p.workspace_id = '00000000-0000-0000-0000-000000000000', p.workspace_id for update of p) l;
  if v_locked < cardinality(p_workspaces) then
    raise exception 'a workspace of the batch has no panel yet' using errcode = 'no_data_found';
  end if;
  return v_due;
end $$;

-- Takes meters off a panel, which the caller has locked: those whose window is over, and, where it would have more than 24 with the
-- `p_coming` ones, those that have been there longest. Whatever is held on, wanted now or counts credits stays.
create function meters.lay_to_rest(p_now timestamptz, p_workspace uuid, p_coming integer, p_wanted uuid[]) returns void language plpgsql as $$
declare
  v_leaving integer[];
begin
  select array_agg(idle.n) into v_leaving
  from (
    select s.n, s.over, s.size, row_number() over (order by s.over desc, s.n) as turn
    from (
      select n, coalesce(m.window_end <= p_now, false) as over, cardinality(p.meters) as size, p.held[n] as held, p.meters[n] as meter, m.class
      from (select * from meters.panel x where x.workspace_id = p_workspace offset 0) p
      cross join lateral generate_subscripts(p.meters, 1) n
      cross join lateral (select * from meters.meter x where x.id = p.meters[n] offset 0) m
    ) s
    where s.held = 0 and s.class <> 'credit' and s.meter <> all (p_wanted)
  ) idle
  where idle.over or idle.turn <= idle.size + p_coming - 24;
  if v_leaving is null then return; end if;

  insert into meters.rest (meter_id, workspace_id, cap, used, unreconciled, overrun, spare)
  select p.meters[n], p.workspace_id, p.caps[n], p.used[n], p.unreconciled[n], p.overrun[n], p.spare[n]
  from unnest(v_leaving) n cross join (select * from meters.panel x where x.workspace_id = p_workspace offset 0) p;

  update meters.panel p set (meters, caps, used, unreconciled, overrun, held, spare) = (
    select coalesce(array_agg(p.meters[n] order by n), '{}'), coalesce(array_agg(p.caps[n] order by n), '{}'),
      coalesce(array_agg(p.used[n] order by n), '{}'), coalesce(array_agg(p.unreconciled[n] order by n), '{}'),
      coalesce(array_agg(p.overrun[n] order by n), '{}'), coalesce(array_agg(p.held[n] order by n), '{}'),
      coalesce(array_agg(p.spare[n] order by n), '{}')
    from generate_subscripts(p.meters, 1) n where n <> all (v_leaving))
  where p.workspace_id = p_workspace;
end $$;

-- Writes down meters, given as JSON rows; those that are known already are passed over.
create function meters.describe(p_meters text) returns void language plpgsql as $$
begin
  insert into meters.meter (id, workspace_id, key, unit, class, window_start, window_end)
  select m.id, m.workspace_id, m.key, m.unit, m.class, m.window_start, m.window_end
  from jsonb_to_recordset(p_meters::jsonb) m (id uuid, workspace_id uuid, key text, unit text, class meters.class,
                                              window_start timestamptz, window_end timestamptz)
  on conflict do nothing;
end $$;

-- Sees to it that meters are on the panels of their workspaces, given side by side: those at rest with what they counted, new ones
-- empty. The caller has the locks. Raises when one has never been described.
create function meters.bring(p_now timestamptz, p_workspace uuid[], p_meter uuid[]) returns void language plpgsql as $$
declare
  v_meter     uuid[];
  v_workspace uuid[];
begin
  select array_agg(w.meter), array_agg(w.workspace_id) into v_meter, v_workspace
  from (
    select distinct p_meter[n] as meter, p_workspace[n] as workspace_id from generate_subscripts(p_meter, 1) n
    where (select array_position(x.meters, p_meter[n]) from meters.panel x where x.workspace_id = p_workspace[n]) is null
  ) w;
  if v_meter is null then return; end if;
  if exists (select from unnest(v_meter) w where (select m.id from meters.meter m where m.id = w) is null) then
    raise exception 'a meter of the batch is missing' using errcode = 'no_data_found';
  end if;
  perform meters.lay_to_rest(p_now, c.w, c.coming, p_meter)
  from (select w, count(*)::integer as coming from unnest(v_workspace) w group by w) c;
  update meters.panel p set meters = p.meters || c.meters, caps = p.caps || c.caps, used = p.used || c.used,
    unreconciled = p.unreconciled || c.unreconciled, overrun = p.overrun || c.overrun, held = p.held || c.held, spare = p.spare || c.spare
  from (
    select c.*, (select x.ctid from meters.panel x where x.workspace_id = c.workspace_id) as row
    from (
      select v_workspace[n] as workspace_id, array_agg(v_meter[n]) as meters, array_agg(coalesce(r.cap, 0)) as caps,
        array_agg(coalesce(r.used, 0)) as used, array_agg(coalesce(r.unreconciled, 0)) as unreconciled,
        array_agg(coalesce(r.overrun, 0)) as overrun, array_agg(0::bigint) as held, array_agg(coalesce(r.spare, 0)) as spare
      from generate_subscripts(v_meter, 1) n
      left join lateral (select * from meters.rest x where x.meter_id = v_meter[n] offset 0) r on true
      group by v_workspace[n]
    ) c
  ) c
  where p.ctid = c.row;
  delete from meters.rest r where r.meter_id = any (v_meter);
end $$;

-- Adds to what meters count, whether they are on their panels or at rest; for what is rare enough to be done in its own statement.
-- What is used or unreconciled had been admitted; an overrun never was. The caller has the locks.
create function meters.count(
  p_now timestamptz, p_workspace uuid[], p_meter uuid[], p_used bigint[], p_unreconciled bigint[], p_overrun bigint[]
) returns void language plpgsql as $$
begin
  perform meters.bring(p_now, p_workspace, p_meter);
  for l in 1 .. cardinality(p_meter) loop
    update meters.panel p set
      used[x.n] = p.used[x.n] + p_used[l],
      unreconciled[x.n] = p.unreconciled[x.n] + p_unreconciled[l],
      overrun[x.n] = p.overrun[x.n] + p_overrun[l],
      spare[x.n] = p.spare[x.n] - p_used[l] - p_unreconciled[l]
    from (select x.ctid as row, array_position(x.meters, p_meter[l]) as n from meters.panel x where x.workspace_id = p_workspace[l]) x
    where p.ctid = x.row;
  end loop;
end $$;
