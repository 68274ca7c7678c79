create schema audit;
grant usage on schema audit to purser_app, purser_work;

-- One row for each thing someone did: written in the transaction of the deed, so there is none without the other.
create table audit.entry (
  id           bigint generated always as identity,
  workspace_id uuid        not null,
  at           timestamptz not null,
  actor        text        not null check (actor <> '' and length(actor) <= 300),
  action       text        not null check (action <> '' and length(action) <= 100),
  subject      text        not null check (subject <> '' and length(subject) <= 300),
  detail       jsonb       not null check (octet_length(detail::text) <= 16384),
  xid          bigint      not null default ledger.transaction_number(),
  primary key (xid, id)
);
create index entry_of_workspace on audit.entry (workspace_id, id);
create index entry_of_subject on audit.entry (subject, id);

alter table audit.entry enable row level security;
create policy own_rows on audit.entry for select to purser_app using (workspace_id = base.current_workspace());
create policy own_deeds on audit.entry for insert to purser_app with check (workspace_id = base.current_workspace());
grant select, insert (workspace_id, at, actor, action, subject, detail) on audit.entry to purser_app;
create policy all_rows on audit.entry for select to purser_work using (true);
create policy new_rows on audit.entry for insert to purser_work with check (true);
grant select, insert (workspace_id, at, actor, action, subject, detail) on audit.entry to purser_work;
create trigger append_only before update or delete or truncate on audit.entry
  for each statement execute function ledger.refuse_change();
alter table audit.entry enable always trigger append_only;

-- As `ledger.posting_lines`.
create function audit.entry_lines(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select e.xid, e.id, json_build_array(
    'entry', e.xid, e.id, e.workspace_id, e.at at time zone 'UTC', e.actor, e.action, e.subject, e.detail)::text
  from audit.entry e
  where (e.xid, e.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (e.xid, e.id) <= (p_through_xid, p_through_id)
  order by e.xid, e.id
  limit p_rows_max
$$;
