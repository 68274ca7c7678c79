create schema wallet;
grant usage on schema wallet to purser_app, purser_work;

-- Until when the billing period of a workspace is open, so that the refresh finds what is due without reading every workspace.
create table wallet.refresh (
  workspace_id  uuid        primary key,
  due_at        timestamptz not null,
  -- A server is at it; another looks again after this.
  claimed_until timestamptz not null default '-infinity'
);
create index refresh_by_due on wallet.refresh (due_at);

-- At what price credits beyond the granted ones are sold in a period; once it is closed, how many were.
create table wallet.pay_as_you_go (
  workspace_id uuid        not null,
  period_start timestamptz not null,
  period_end   timestamptz not null,
  plan         text        not null,
  price        bigint      not null check (price >= 0),
  currency     text        not null check (currency ~ '^[A-Z]{3}$'),
  credits      bigint      check (credits >= 0),
  closed_at    timestamptz,
  primary key (workspace_id, period_start),
  constraint whole check ((credits is null) = (closed_at is null) and period_end > period_start)
);
create index pay_as_you_go_open on wallet.pay_as_you_go (period_end) where closed_at is null;

alter table wallet.refresh enable row level security;
alter table wallet.pay_as_you_go enable row level security;
create policy own_rows on wallet.refresh for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on wallet.pay_as_you_go for select to purser_app using (workspace_id = base.current_workspace());
grant select on wallet.pay_as_you_go to purser_app;
create policy all_rows on wallet.refresh to purser_work using (true);
grant select, insert, update on wallet.refresh to purser_work;
create policy all_rows on wallet.pay_as_you_go to purser_work using (true);
grant select, insert, update on wallet.pay_as_you_go to purser_work;
