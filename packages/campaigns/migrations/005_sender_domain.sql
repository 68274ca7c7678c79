-- Domains in whose name a workspace sends, once DNS says that they are its own and that the carrier signs for them.
create table campaigns.sender_domain (
  workspace_id uuid        not null,
  domain_id    uuid        primary key,
  domain       text        not null check (length(domain) between 3 and 253 and domain = lower(domain)),
  -- What its owner says in DNS: of this workspace alone.
  token        text        not null check (length(token) = 32),
  dkim_tokens  text[]      not null,
  state        text        not null default 'pending' check (state in ('pending', 'verified', 'failed')),
  -- By the place of a record: what DNS said of it last.
  found        text[]      not null default '{}',
  -- Whether the carrier sends for it.
  carried      boolean     not null default false,
  created_at   timestamptz not null,
  checked_at   timestamptz,
  unique (workspace_id, domain)
);
create index sender_domain_due on campaigns.sender_domain (checked_at) where state = 'verified';
alter table campaigns.sender_domain enable row level security;
create policy own_rows on campaigns.sender_domain to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on campaigns.sender_domain to purser_work using (true);
grant select, insert, update, delete on campaigns.sender_domain to purser_app, purser_work;
