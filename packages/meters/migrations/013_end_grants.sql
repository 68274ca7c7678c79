-- Ends grants before their time: what is neither used nor held lapses at once, what is held when it returns. What has ended stays so.
create function meters.end_grants(p_now timestamptz, p_workspace uuid, p_grants uuid[]) returns void language plpgsql as $$
declare
  v_ending uuid[];
begin
  perform meters.lock_panels(p_now, array[p_workspace], true);
  with ending as (
    update meters.grant g set expires_at = p_now
    where g.workspace_id = p_workspace and g.id = any (p_grants) and not g.closed and g.expired_at is null
    returning g.id
  )
  select array_agg(id) into v_ending from ending;
  if v_ending is not null then perform meters.lapse_grants(p_now, v_ending); end if;
end $$;
