-- Texts of persons in the books. Amounts, accounts, times and ids are never touched by what stands here: an erasure replaces
-- the name of an end user in the actor of an attempt, and the free text of a posting, by a pseudonym. Each function works as the owner
-- of the table, on one text column and within one workspace; nobody who serves may update the table.

-- An erasure says which table its one statement is about; everything else is refused as before. It says so within its function, for
-- only a superuser may make a function that sets a parameter of ours by itself.
create or replace function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('purser.erasing', true) = tg_table_schema || '.' || tg_table_name then return null; end if;
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

-- The attempts of an end user (null: of every one) that still carry the name, in the order of the books.
create function ledger.attempts_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
returns table (xid bigint, id bigint) language sql stable as $$
  select a.xid, a.id from ledger.attempt a
  where a.workspace_id = p_workspace and strpos(a.actor, ' user:') > 0
    and (p_texts is null or substr(a.actor, strpos(a.actor, ' user:') + 6) = any (p_texts))
    and substr(a.actor, strpos(a.actor, ' user:') + 6) !~ '^erased-[0-9a-f]{12}$'
$$;

create function ledger.erase_attempts(
  p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint
) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows integer;
begin
  perform set_config('purser.erasing', 'ledger.attempt', true);
  update ledger.attempt a set actor = left(a.actor, strpos(a.actor, ' user:') + 5) || p_pseudonym
  from ledger.attempts_to_erase(p_workspace, p_texts, p_pseudonym) e
  where a.xid = e.xid and a.id = e.id
    and (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $$;

create function ledger.postings_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
returns table (xid bigint, id bigint) language sql stable as $$
  select p.xid, p.id from ledger.posting p
  where p.workspace_id = p_workspace and p.reason is not null and p.reason !~ '^erased-[0-9a-f]{12}$'
    and (p_texts is null or exists (select from unnest(p_texts) t where strpos(lower(p.reason), lower(t)) > 0))
$$;

create function ledger.erase_postings(
  p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint
) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows integer;
begin
  perform set_config('purser.erasing', 'ledger.posting', true);
  update ledger.posting p set reason = p_pseudonym
  from ledger.postings_to_erase(p_workspace, p_texts, p_pseudonym) e
  where p.xid = e.xid and p.id = e.id
    and (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $$;

-- The calls made for an end user: what other packages keep under them goes with the name.
create function ledger.holds_of_user(p_workspace uuid, p_name text) returns table (hold_id uuid) language sql stable as $$
  select distinct a.hold_id from ledger.attempt a
  where a.workspace_id = p_workspace and substr(a.actor, nullif(strpos(a.actor, ' user:'), 0) + 6) = p_name
$$;

-- The same lines as `attempt_lines` and `posting_lines`, without what an erasure may replace: what no erasure can change.
create function ledger.attempt_facts(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, split_part(a.actor, ' user:', 1), a.operation, a.kind, a.provider, a.model,
    a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$$;

create function ledger.posting_facts(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select p.xid, p.id, json_build_array(
    'posting', p.xid, p.id, p.workspace_id, p.posted_at at time zone 'UTC', p.hold_id, p.debit, p.credit, p.amount::text, p.unit,
    p.reported::text, p.reported_unit, p.plan)::text
  from ledger.posting p
  where (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id)
  order by p.xid, p.id
  limit p_rows_max
$$;

revoke execute on function
  ledger.erase_attempts(uuid, text[], text, bigint, bigint, bigint, bigint),
  ledger.erase_postings(uuid, text[], text, bigint, bigint, bigint, bigint) from public;
grant execute on function
  ledger.erase_attempts(uuid, text[], text, bigint, bigint, bigint, bigint),
  ledger.erase_postings(uuid, text[], text, bigint, bigint, bigint, bigint) to purser_work;
