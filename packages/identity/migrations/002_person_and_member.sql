-- Someone who signs in. Known by an e-mail address once it was proven by a link, until then by a session alone.
create table identity.person (
  id             uuid        primary key,
  name           text        not null check (length(name) <= 200),
  email          text        not null unique check (length(email) between 3 and 320),
  email_verified boolean     not null,
  image          text,
  is_anonymous   boolean,
  -- Limits per user count by this, when it is another's: who signs in for the first time goes on under the name of the session before.
  counts_as      uuid,
  -- The workspace last chosen; whether its person may still enter it, the membership says.
  works_in       uuid,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);

-- What else better-auth could know a person by: a password, another provider. None is offered, so it stays empty; it does not start without.
create table identity.account (
  id                       uuid        primary key,
  person_id                uuid        not null references identity.person (id),
  account_id               text        not null,
  provider_id              text        not null,
  access_token             text,
  refresh_token            text,
  id_token                 text,
  access_token_expires_at  timestamptz,
  refresh_token_expires_at timestamptz,
  scope                    text,
  password                 text,
  created_at               timestamptz not null,
  updated_at               timestamptz not null
);
create index account_of_person on identity.account (person_id);

-- Operators belong to the platform and to no tenant: no owner of a workspace can make one.
create table identity.member (
  workspace_id uuid        not null,
  person_id    uuid        not null references identity.person (id),
  role         text        not null check (role in ('owner', 'admin', 'member', 'operator')),
  joined_at    timestamptz not null,
  primary key (workspace_id, person_id),
  constraint operators_are_the_platforms check ((role = 'operator') = (workspace_id = '00000000-0000-0000-0000-000000000000'))
);
create index member_by_person on identity.member (person_id);

create table identity.invitation (
  workspace_id  uuid        not null,
  invitation_id uuid        primary key,
  email         text        not null check (email = lower(email) and length(email) between 3 and 320),
  role          text        not null check (role in ('owner', 'admin', 'member', 'operator')),
  invited_by    text        not null,
  invited_at    timestamptz not null,
  expires_at    timestamptz not null,
  unique (workspace_id, email),
  constraint operators_are_the_platforms check ((role = 'operator') = (workspace_id = '00000000-0000-0000-0000-000000000000'))
);
create index invitation_by_email on identity.invitation (email);

alter table identity.member enable row level security;
alter table identity.invitation enable row level security;
create policy own_members on identity.member to purser_app using (workspace_id = base.current_workspace());
create policy own_invitations on identity.invitation to purser_app using (workspace_id = base.current_workspace());
grant select, update (role), delete on identity.member to purser_app;
grant select, insert, update (invitation_id, role, invited_by, invited_at, expires_at), delete on identity.invitation to purser_app;
create policy all_rows on identity.member to purser_work using (true);
create policy all_rows on identity.invitation to purser_work using (true);
grant select, insert, update, delete on identity.member, identity.invitation to purser_work;

-- Persons belong to no workspace; one sees of them who its members are, and that alone.
alter table identity.person enable row level security;
create policy own_members on identity.person for select to purser_app using (
  exists (select from identity.member m where m.person_id = person.id and m.workspace_id = base.current_workspace()));
grant select (id, email, is_anonymous, counts_as) on identity.person to purser_app;
create policy all_rows on identity.person to purser_work using (true);
grant select, insert, update, delete on identity.person, identity.account to purser_work;

-- What may happen only so often: free starts of an address or a device, links to a mailbox. No address is kept, only its keyed hash.
create table identity.occasion (
  kind        text        not null,
  source      bytea       not null check (length(source) = 32),
  happened_at timestamptz not null,
  expires_at  timestamptz not null
);
create index occasion_of_source on identity.occasion (source, kind, expires_at);
create index occasion_by_end on identity.occasion (expires_at);

-- Sessions and links that wait, where there is no Redis; sealed, and found by the hash of what they are called.
create table identity.sealed_entry (
  name       bytea       primary key check (length(name) = 32),
  sealed     bytea       not null,
  expires_at timestamptz not null
);
create index sealed_entry_by_end on identity.sealed_entry (expires_at);

-- What every server of one installation has to have in common, made by the first that starts.
create table identity.shared_secret (
  one   boolean primary key default true check (one),
  value bytea   not null check (length(value) = 32)
);

grant select, insert, delete on identity.occasion to purser_work;
grant select, insert, update, delete on identity.sealed_entry to purser_work;
grant select, insert on identity.shared_secret to purser_work;
