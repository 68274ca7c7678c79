-- Adds credits to workspaces, as parallel arrays. `p_meter` is the id of each one's credit meter, which is made when it is missing.
-- The same grant id again changes nothing. Returns the grants it made; null when there are none.
create function meters.grant_credits(
  p_now timestamptz, p_meter uuid[], p_workspace uuid[], p_grant uuid[], p_source text[], p_priority smallint[],
  p_amount bigint[], p_expires timestamptz[], p_reason text[], p_pack text[]
) returns uuid[] language plpgsql
-- As `meters.apply`, with which it shares functions and so their plans.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_made uuid[];
begin
  perform meters.lock_panels(p_now, (select array_agg(distinct w) from unnest(p_workspace) w), true);
  insert into meters.meter (id, workspace_id, key, unit, class, window_start)
  select distinct m, w, 'credits', 'credit', 'credit'::meters.class, 'epoch'::timestamptz from unnest(p_meter, p_workspace) u (m, w)
  on conflict do nothing;
  perform meters.bring(p_now, p_workspace, p_meter);
  -- A repeat may come when the grant's time is long over, and is still only a repeat.
  with made as (
    insert into meters.grant (id, workspace_id, meter_id, source, pack, priority, granted_at, expires_at, amount, reason)
    select g, w, m, s, k, p, p_now, x, a, r
    from unnest(p_meter, p_workspace, p_grant, p_source, p_priority, p_amount, p_expires, p_reason, p_pack) u (m, w, g, s, p, a, x, r, k)
    where (select known.id from meters.grant known where known.id = g) is null
    on conflict do nothing
    returning id, workspace_id, meter_id, amount, expires_at
  ), capped as (
    update meters.panel p set
      caps[array_position(p.meters, d.meter_id)] = p.caps[array_position(p.meters, d.meter_id)] + d.amount,
      grant_due_at = least(p.grant_due_at, d.expires_at)
    from (select d.*, (select x.ctid from meters.panel x where x.workspace_id = d.workspace_id) as row
          from (select workspace_id, meter_id, meters.total(amount) as amount, min(expires_at) as expires_at
                from made group by workspace_id, meter_id) d) d
    where p.ctid = d.row
  )
  select array_agg(id) into v_made from made;
  perform ledger.post(p_now, w, null, 'granted:' || s, 'wallet', a, 'credit', p_reason => r)
  from unnest(p_workspace, p_grant, p_source, p_amount, p_reason) u (w, g, s, a, r) where g = any (v_made);
  return v_made;
end $$;

-- Takes what is neither used nor held from grants whose time is over, and nothing else; what is still held follows when it returns.
-- The caller has the locks.
create function meters.lapse_grants(p_now timestamptz, p_grants uuid[]) returns void language plpgsql as $$
declare
  v_lapsed meters.grant[] := (select array_agg(g) from meters.grant g where g.id = any (p_grants));
begin
  update meters.grant g set expired = g.amount - g.used - g.held, expired_at = coalesce(g.expired_at, p_now), closed = (g.held = 0)
  where g.id = any (p_grants);
  update meters.panel p set caps[array_position(p.meters, d.meter_id)] = p.caps[array_position(p.meters, d.meter_id)] - d.rest
  from (select d.*, (select x.ctid from meters.panel x where x.workspace_id = d.workspace_id) as row
        from (select workspace_id, meter_id, meters.total(amount - used - held - expired) as rest
              from unnest(v_lapsed) group by workspace_id, meter_id) d) d
  where p.ctid = d.row;
  perform ledger.post(p_now, d.workspace_id, null, 'wallet', 'expired', d.amount - d.used - d.held - d.expired, 'credit', p_reason => d.id::text)
  from unnest(v_lapsed) d where d.amount - d.used - d.held - d.expired > 0;
end $$;

-- Expires what is due of the workspaces whose panels the caller has locked.
create function meters.expire_locked_grants(p_now timestamptz, p_workspaces uuid[]) returns void language plpgsql as $$
declare
  v_due uuid[] := (select array_agg(g.id) from meters.grant g
                   where g.workspace_id = any (p_workspaces) and not g.closed and g.expires_at <= p_now and g.expired_at is null);
begin
  if v_due is not null then perform meters.lapse_grants(p_now, v_due); end if;
  update meters.panel u set grant_due_at = (
    select min(g.expires_at) from meters.grant g where g.workspace_id = u.workspace_id and not g.closed and g.expired_at is null)
  where u.workspace_id = any (p_workspaces);
end $$;

-- The sweep: expires due grants of at most `p_limit` workspaces; returns how many workspaces had some.
create function meters.expire_grants(p_now timestamptz, p_limit integer) returns integer language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_workspaces uuid[];
begin
  select array_agg(distinct workspace_id) into v_workspaces
  from (select workspace_id from meters.grant
        where not closed and expires_at <= p_now and expired_at is null limit p_limit) due;
  if v_workspaces is null then return 0; end if;
  perform meters.lock_panels(p_now, v_workspaces, false);
  perform meters.expire_locked_grants(p_now, v_workspaces);
  return cardinality(v_workspaces);
end $$;
create index grant_by_expiry on meters.grant (expires_at) where not closed;
