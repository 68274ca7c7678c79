-- A call that was settled turns out to have cost more: its provider took something of which nobody knew when it was settled. It is booked
-- under a hold of its own (`p_as`, once), with the plan, the provider and the workspace's own cost meters of the first (`p_of`), in its proportions; it
-- counts against no cap, as whatever was unresolved and not counted. False: it was booked before, or there is no such call.
create function meters.book_late(p_now timestamptz, p_of uuid, p_as uuid, p_cost bigint) returns boolean language plpgsql as $$
declare
  v_hold    meters.hold;
  v_meters  uuid[];
  v_amounts bigint[];
begin
  select * into v_hold from meters.hold h where h.id = p_of;
  if not found or p_cost <= 0 or v_hold.cost <= 0 then return false; end if;
  select coalesce(array_agg(v_hold.meters[l] order by l), '{}'),
    coalesce(array_agg(ceil(v_hold.amounts[l]::numeric * p_cost / v_hold.cost)::bigint order by l), '{}')
  into v_meters, v_amounts
  from generate_subscripts(v_hold.meters, 1) l where v_hold.kinds[l] = 'c';
  if not meters.keep_lost(p_now, v_hold.workspace_id, p_as, '[]', v_meters, v_amounts, v_hold.plan, v_hold.provider, p_cost, v_hold.cost_unit,
      ceil(v_hold.reported::numeric * p_cost / v_hold.cost)::bigint, v_hold.reported_unit, '[]') then
    return false;
  end if;
  perform meters.resolve(p_now, array[p_as], array[p_cost]);
  return true;
end $$;
