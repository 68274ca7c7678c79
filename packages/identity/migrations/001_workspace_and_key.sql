create schema identity;
grant usage on schema identity to purser_app, purser_work;

-- The tenant. Never deleted: the books refer to it for ever.
create table identity.workspace (
  workspace_id      uuid        primary key check (workspace_id <> '00000000-0000-0000-0000-000000000000'),
  name              text        not null check (length(name) between 1 and 200),
  external_id       text        unique check (length(external_id) between 1 and 200),
  plan              text        not null check (length(plan) between 1 and 100),
  catalogue_version text        not null,
  timezone          text        not null check (timezone ~ '^[A-Za-z]'),
  anchored_at       timestamptz not null,
  license           text        not null default 'active' check (license in ('active', 'grace', 'cancelled')),
  license_since     timestamptz not null,
  overrides         jsonb       not null default '{}' check (jsonb_typeof(overrides) = 'object'),
  created_at        timestamptz not null,
  changed_at        timestamptz not null
);

-- Only the SHA-256 of a 256-bit random secret is kept: with that much chance in it a slow hash would add nothing but time.
-- A platform key belongs to no tenant and carries the platform's id.
create table identity.api_key (
  workspace_id  uuid        not null,
  key_id        uuid        primary key,
  kind          text        not null check (kind in ('workspace', 'platform')),
  name          text        not null check (length(name) between 1 and 200),
  prefix        text        not null,
  secret_sha256 bytea       not null unique check (length(secret_sha256) = 32),
  created_at    timestamptz not null,
  -- May lie ahead: a rotated key lives on until its holder has changed over.
  revoked_at    timestamptz,
  constraint platform_keys_are_the_platforms check ((kind = 'platform') = (workspace_id = '00000000-0000-0000-0000-000000000000'))
);
create index api_key_of_workspace on identity.api_key (workspace_id, created_at);

alter table identity.workspace enable row level security;
alter table identity.api_key enable row level security;
create policy own_workspace on identity.workspace to purser_app using (workspace_id = base.current_workspace());
create policy own_keys on identity.api_key to purser_app using (workspace_id = base.current_workspace());
-- `changed_at` is what has to be writable for a row to be lockable.
grant select, update (changed_at) on identity.workspace to purser_app;
grant select, insert, update (revoked_at) on identity.api_key to purser_app;
create policy all_rows on identity.workspace to purser_work using (true);
create policy all_rows on identity.api_key to purser_work using (true);
grant select, insert, update on identity.workspace to purser_work;
grant select, insert, update (revoked_at) on identity.api_key to purser_work;

-- Every server caches workspaces and keys, and forgets what is named here.
create function identity.tell_workspace_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('purser_identity', 'workspace ' || new.workspace_id);
  return null;
end $$;

create function identity.tell_key_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('purser_identity', 'key ' || encode(new.secret_sha256, 'hex'));
  return null;
end $$;

create trigger tell_change after update on identity.workspace for each row execute function identity.tell_workspace_change();
create trigger tell_change after update on identity.api_key for each row execute function identity.tell_key_change();

-- For a room above that has something to do when a workspace begins, or has another plan: its trigger function, by name.
create function identity.when_terms_begin(p_function regproc) returns void language plpgsql as $$
begin
  execute format('create trigger terms_began after insert on identity.workspace for each row execute function %s()', p_function);
  execute format('create trigger terms_changed after update of plan on identity.workspace for each row when (new.plan <> old.plan) execute function %s()', p_function);
end $$;

-- What a workspace was bound to before a change, until when: what it was at any time is the first of these that ended later, or its row.
create table identity.past_terms (
  id                bigint      generated always as identity primary key,
  workspace_id      uuid        not null,
  plan              text        not null,
  catalogue_version text        not null,
  timezone          text        not null,
  overrides         jsonb       not null,
  until             timestamptz not null
);
create index past_terms_of_workspace on identity.past_terms (workspace_id, id);
alter table identity.past_terms enable row level security;
create policy own_terms on identity.past_terms to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on identity.past_terms for select to purser_work using (true);
create policy new_rows on identity.past_terms for insert to purser_work with check (true);
grant select, insert on identity.past_terms to purser_work;

create function identity.keep_past_terms() returns trigger language plpgsql as $$
begin
  insert into identity.past_terms (workspace_id, plan, catalogue_version, timezone, overrides, until)
  values (old.workspace_id, old.plan, old.catalogue_version, old.timezone, old.overrides, new.changed_at);
  return null;
end $$;

create trigger keep_past_terms after update on identity.workspace for each row
  when ((new.plan, new.catalogue_version, new.timezone, new.overrides) is distinct from (old.plan, old.catalogue_version, old.timezone, old.overrides))
  execute function identity.keep_past_terms();
