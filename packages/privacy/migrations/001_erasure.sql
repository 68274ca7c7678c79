create schema privacy;
grant usage on schema privacy to purser_work;

-- An erasure from its request to its end: what was begun is gone on with after a crash, by any server.
create table privacy.erasure (
  erasure_id    uuid        primary key,
  kind          text        not null check (kind in ('workspace', 'person', 'end_user')),
  -- The platform's for a person, who belongs to no tenant.
  workspace_id  uuid        not null,
  person_id     uuid,
  -- Where a person was a member.
  workspaces    uuid[]      not null default '{}',
  -- What is looked for, until it is gone; null for a workspace, whose texts all go.
  texts         text[],
  pseudonym     text        not null check (pseudonym ~ '^erased-[0-9a-f]{12}$'),
  requested_by  text        not null,
  requested_at  timestamptz not null,
  state         text        not null default 'running' check (state in ('running', 'done')),
  rows          bigint      not null default 0,
  done_at       timestamptz,
  -- A server that works at it has it until then.
  claimed_until timestamptz not null default '-infinity',
  -- What a call that ended late left behind is erased too.
  again_at      timestamptz,
  constraint nothing_is_left_of_it check (state = 'running' or texts is null)
);
create index erasure_to_work_at on privacy.erasure (claimed_until) where state = 'running' or again_at is not null;
create unique index one_erasure_of_a_workspace on privacy.erasure (workspace_id) where kind = 'workspace';
create unique index one_erasure_of_a_person on privacy.erasure (person_id) where kind = 'person';
alter table privacy.erasure enable row level security;
create policy own_rows on privacy.erasure for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on privacy.erasure to purser_work using (true);
grant select, insert, update on privacy.erasure to purser_work;
