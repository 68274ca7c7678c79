-- Erasure: the names of end users in the keys of meters, the answers that are kept for repeated requests, free texts of grants. Counters,
-- holds and amounts stay. Each call changes a bounded number of rows and says how many; none: nothing is left.
create function meters.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  delete from meters.idempotency where (workspace_id, key) in (
    select workspace_id, key from meters.idempotency where workspace_id = p_workspace limit p_rows_max);
  get diagnostics v_total = row_count;
  update meters.meter set key = regexp_replace(key, '^(.*_user_day:|credits:[a-z]+:).*$', '\1') || p_pseudonym where id in (
    select id from meters.meter where workspace_id = p_workspace and key ~ '^(.*_user_day:|credits:[a-z]+:)'
      and key !~ ':erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update meters.grant set reason = p_pseudonym where id in (
    select id from meters.grant where workspace_id = p_workspace and reason is not null and reason !~ '^erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

-- `p_holds`: the calls made for the end user, whose answers go. The key of a name longer than a meter's key holds is in it by its hash.
create function meters.erase_end_user(p_workspace uuid, p_name text, p_holds uuid[], p_pseudonym text) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  delete from meters.idempotency where workspace_id = p_workspace and hold_id = any (p_holds);
  get diagnostics v_total = row_count;
  update meters.meter set key = left(key, length(key) - length(p_name)) || p_pseudonym
  where workspace_id = p_workspace and key ~ '^(.*_user_day:|credits:member:)' and right(key, length(p_name) + 1) = ':' || p_name;
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

-- What is kept for repeated requests has its time: after it the same key is a new request.
create index idempotency_by_age on meters.idempotency using brin (claimed_at) with (autosummarize = on);
create function meters.forget_answers(p_before timestamptz, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from meters.idempotency i using (
    select workspace_id, key from meters.idempotency where claimed_at < p_before limit p_rows_max for update skip locked) due
  where i.workspace_id = due.workspace_id and i.key = due.key
    and not exists (select from meters.hold h where h.id = i.hold_id and h.state = 'open');
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;


-- Calls of a workspace that had begun by then and have not ended.
create function meters.open_holds(p_workspace uuid, p_until timestamptz) returns bigint language sql stable as $$
  select count(*) from meters.hold where expires_at > p_until - interval '10 minutes' and workspace_id = p_workspace and state = 'open' and held_at <= p_until
$$;

grant delete on meters.idempotency to purser_work;
grant update (key) on meters.meter to purser_work;
