-- As before, under the lock of the workspace's panel: whoever holds or settles trusts that no other changes a grant meanwhile, and would
-- miss a row that did. First of all, since they take the rows of answers and meters after it too.
create or replace function meters.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  perform from meters.panel where workspace_id = p_workspace for update;
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

create or replace function meters.erase_end_user(p_workspace uuid, p_name text, p_holds uuid[], p_pseudonym text) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  perform from meters.panel where workspace_id = p_workspace for update;
  delete from meters.idempotency where workspace_id = p_workspace and hold_id = any (p_holds);
  get diagnostics v_total = row_count;
  update meters.meter set key = left(key, length(key) - length(p_name)) || p_pseudonym
  where workspace_id = p_workspace and key ~ '^([a-z_]+_user_day:|credits:member:)'
    and regexp_replace(key, '^([a-z_]+_user_day:|credits:member:)', '') = p_name;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update meters.grant set reason = p_pseudonym where workspace_id = p_workspace and base.names_one_of(reason, array[p_name]);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;
