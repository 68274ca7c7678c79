create schema server;
grant usage on schema server to purser_app, purser_work;

-- The first answer to a creation, kept for ever under the key the caller gave: the same key creates nothing twice.
-- The answer is sealed under the caller's own credential, because it may hold a secret that is nowhere stored in clear.
create table server.answer (
  workspace_id  uuid        not null,
  actor         text        not null,
  key_hash      bytea       not null,
  request_hash  text        not null,
  status        smallint    not null,
  sealed        bytea       not null,
  answered_at   timestamptz not null,
  primary key (workspace_id, actor, key_hash)
);
alter table server.answer enable row level security;
create policy own_rows on server.answer to purser_app using (workspace_id = base.current_workspace());
grant select, insert, update (sealed) on server.answer to purser_app;
create policy all_rows on server.answer to purser_work using (true);
grant select, insert, update (sealed) on server.answer to purser_work;
