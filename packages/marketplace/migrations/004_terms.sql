-- A subscription as each of its events told it: facts alone, so that it does not matter in which order they come.
create table marketplace.snapshot (
  workspace_id    uuid        not null,
  event_id        text        primary key,
  subscription_id text        not null,
  at              timestamptz not null,
  -- Its place among those of one second.
  rank            integer     not null,
  status          text        not null check (status in ('incomplete', 'trialing', 'active', 'owing', 'paused', 'ended')),
  plan            text        not null,
  -- Names what the plan is sold at; empty: not told.
  price           text        not null,
  -- What it charges for: `[{item, price, plan, metered}]`.
  items           jsonb       not null,
  period_start    timestamptz,
  period_end      timestamptz,
  trial_start     timestamptz,
  trial_end       timestamptz,
  -- What was for sale when it came to be known, and what it was bought by.
  catalogue_version text      not null,
  checkout_id     uuid
);
create index snapshot_of_workspace on marketplace.snapshot (workspace_id, at);
create index snapshot_of_subscription on marketplace.snapshot (subscription_id, at);
alter table marketplace.snapshot enable row level security;
create policy own_rows on marketplace.snapshot for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on marketplace.snapshot to purser_work using (true);
grant select on marketplace.snapshot to purser_app;
grant select, insert on marketplace.snapshot to purser_work;

-- An invoice with what was collected by it; `paid` and `tax` are what came in, before anything went back. The books of it are `terms`.
alter table marketplace.invoice
  add column subscription_id text,
  add column reason text not null default 'cycle' check (reason in ('create', 'cycle', 'change')),
  add column made_at timestamptz,
  -- What it charges for: `[{item, price, plan, metered, proration, amount, from, to}]`, amounts in nano-units.
  add column lines jsonb not null default '[]',
  add column catalogue_version text not null default '',
  alter column plan drop not null,
  drop constraint invoice_paid_check,
  add constraint invoice_paid_check check (paid >= 0),
  drop constraint invoice_check,
  add constraint invoice_tax_check check (tax >= 0 and tax <= paid),
  drop column revenue,
  drop column fees;
