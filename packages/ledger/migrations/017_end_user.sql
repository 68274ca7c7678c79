-- The end user of a call in a column of its own: it was written behind the actor, and everybody who asked for it had to parse it.
alter table ledger.attempt add column end_user text;
grant insert (end_user) on ledger.attempt to purser_work;

do $$
begin
  perform set_config('purser.erasing', 'ledger.attempt', true);
  update ledger.attempt set end_user = substr(actor, strpos(actor, ' user:') + 6), actor = left(actor, strpos(actor, ' user:') - 1)
  where strpos(actor, ' user:') > 0;
  perform set_config('purser.erasing', '', true);
end $$;

create or replace function ledger.record_attempts(p_attempts jsonb) returns void language plpgsql as $$
#variable_conflict use_column
begin
  insert into ledger.attempt (workspace_id, hold_id, ordinal, actor, end_user, operation, kind, provider, model, model_version,
                              started_at, duration_ms, outcome, usage, cost, cost_unit, request_id)
  select workspace_id, hold_id, ordinal, actor, end_user, operation, kind, provider, model, model_version,
         started_at, duration_ms, outcome, usage, cost, cost_unit, request_id
  from jsonb_to_recordset(p_attempts) as a (
    workspace_id uuid, hold_id uuid, ordinal smallint, actor text, end_user text, operation text, kind text, provider text, model text,
    model_version text, started_at timestamptz, duration_ms integer, outcome text, usage jsonb, cost bigint, cost_unit text,
    request_id text);
end $$;

-- What is sealed of a row is what it was before: the line of a call that was sealed must stay its line.
create or replace function ledger.attempt_lines(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, a.actor || coalesce(' user:' || a.end_user, ''), a.operation, a.kind,
    a.provider, a.model, a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$$;

create or replace function ledger.attempt_facts(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, a.actor, a.operation, a.kind, a.provider, a.model,
    a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$$;

-- The attempts of an end user (null: of every one) that still carry the name, in the order of the books.
create or replace function ledger.attempts_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
returns table (xid bigint, id bigint) language sql stable as $$
  select a.xid, a.id from ledger.attempt a
  where a.workspace_id = p_workspace and a.end_user is not null
    and (p_texts is null or a.end_user = any (p_texts))
    and a.end_user !~ '^erased-[0-9a-f]{12}$'
$$;

create or replace function ledger.erase_attempts(
  p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint
) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows integer;
begin
  perform set_config('purser.erasing', 'ledger.attempt', true);
  update ledger.attempt a set end_user = p_pseudonym
  from ledger.attempts_to_erase(p_workspace, p_texts, p_pseudonym) e
  where a.xid = e.xid and a.id = e.id
    and (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $$;

-- The calls made for an end user, among so many attempts behind a place in the order of their ids, and where to go on; null: nothing is left.
create or replace function ledger.holds_of_user(p_workspace uuid, p_name text, p_after bigint, p_rows_max integer)
returns table (holds uuid[], through bigint) language sql stable as $$
  select coalesce(array_agg(distinct a.hold_id) filter (where a.end_user = p_name), '{}'), max(a.id)
  from (select id, hold_id, end_user from ledger.attempt where workspace_id = p_workspace and id > p_after order by id limit p_rows_max) a
$$;
