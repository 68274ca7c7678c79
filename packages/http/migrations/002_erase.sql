-- Erasure and retention: the answers to creations go with their workspace, and after their time.
create function server.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from server.answer where ctid = any (array(select ctid from server.answer where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

create index answer_by_age on server.answer using brin (answered_at) with (autosummarize = on);
create function server.forget_answers(p_before timestamptz, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from server.answer where ctid = any (array(select ctid from server.answer where answered_at < p_before limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

grant delete on server.answer to purser_work;
