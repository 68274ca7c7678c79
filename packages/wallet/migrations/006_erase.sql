-- Erasure: allocations name members and teams; no further period is opened for a workspace that is gone, and nothing more is granted to it.
create function wallet.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  delete from wallet.allocation where ctid = any (array(select ctid from wallet.allocation where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_total = row_count;
  delete from wallet.refresh where workspace_id = p_workspace;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  delete from wallet.scheduled_grant where ctid = any (
    array(select ctid from wallet.scheduled_grant where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

create function wallet.erase_end_user(p_workspace uuid, p_name text) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from wallet.allocation where workspace_id = p_workspace and kind = 'member' and name = p_name;
  get diagnostics v_rows = row_count;
  perform pg_notify('purser_identity', 'workspace ' || p_workspace);
  return v_rows;
end $$;

grant delete on wallet.allocation, wallet.refresh, wallet.scheduled_grant to purser_work;
