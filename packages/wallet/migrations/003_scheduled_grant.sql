-- Credits agreed with one customer that begin later.
create table wallet.scheduled_grant (
  grant_id     uuid        primary key,
  workspace_id uuid        not null,
  credits      bigint      not null check (credits > 0),
  valid_from   timestamptz not null,
  expires_at   timestamptz check (expires_at > valid_from),
  reason       text        not null,
  -- When it was granted; or, had its own time been over by then, passed by.
  done_at      timestamptz
);
create index scheduled_grant_due on wallet.scheduled_grant (valid_from) where done_at is null;
create index scheduled_grant_of_workspace on wallet.scheduled_grant (workspace_id) where done_at is null;

alter table wallet.scheduled_grant enable row level security;
create policy own_rows on wallet.scheduled_grant for select to purser_app using (workspace_id = base.current_workspace());
grant select on wallet.scheduled_grant to purser_app;
create policy all_rows on wallet.scheduled_grant to purser_work using (true);
grant select, insert, update on wallet.scheduled_grant to purser_work;
