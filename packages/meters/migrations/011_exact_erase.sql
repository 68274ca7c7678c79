-- As before, of the user's own keys alone (a name may hold a colon, and end in the name of another), and of the reasons of grants that name it.
create or replace function meters.erase_end_user(p_workspace uuid, p_name text, p_holds uuid[], p_pseudonym text) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
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
