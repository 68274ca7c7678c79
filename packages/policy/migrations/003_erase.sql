-- Erasure: why a ceiling was raised is free text; by how much, and when, stays.
create function policy.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  update policy.raise set reason = p_pseudonym where raise_id in (
    select raise_id from policy.raise where workspace_id = p_workspace and reason !~ '^erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

grant update (reason) on policy.raise to purser_work;
