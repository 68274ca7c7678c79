-- A table of a module that is made up.
create schema notes;
grant usage on schema notes to purser_app, purser_work;

create table notes.note (
  workspace_id uuid        not null,
  note_id      uuid        primary key,
  text         text        not null check (length(text) between 1 and 1000),
  written_at   timestamptz not null
);
create index note_of_workspace on notes.note (workspace_id, note_id);
alter table notes.note enable row level security;
create policy own_rows on notes.note to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on notes.note to purser_work using (true);
grant select, insert, update on notes.note to purser_app;
grant select, delete on notes.note to purser_work;
