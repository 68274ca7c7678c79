create schema license;
grant usage on schema license to purser_app, purser_work;

-- What was ever said about a workspace's payments, each once and for ever. The licence is a pure function of these rows.
create table license.event (
  workspace_id uuid        not null,
  event_id     text        not null check (length(event_id) between 1 and 200),
  kind         text        not null check (kind in ('failed', 'paid', 'ended', 'refunded', 'set_active', 'set_grace', 'set_cancelled')),
  -- When it happened, by whoever says so; and its place among the others (see `rankOf`).
  at           timestamptz not null,
  ranked_at    timestamptz not null check (ranked_at >= at),
  -- The payment it is about: a refund names the payment it gives back.
  reference    text        not null check (length(reference) <= 200),
  recorded_at  timestamptz not null,
  primary key (workspace_id, event_id)
);

-- What was last announced of a workspace that ever had an event, and what is left to do about it.
create table license.standing (
  workspace_id uuid        primary key,
  stage        text        not null check (stage in ('active', 'grace', 'degraded', 'cancelled')),
  -- Time alone may change the stage then; null: never.
  due_at       timestamptz,
  -- The event for which its open holds are still to be released.
  release      text
);
create index standing_by_due on license.standing (due_at) where due_at is not null;
create index standing_to_release on license.standing (workspace_id) where release is not null;

-- Each change as it is announced: to the customer, and to whoever follows.
create table license.change (
  workspace_id uuid        not null,
  id           bigint      generated always as identity,
  from_stage   text        not null,
  to_stage     text        not null,
  at           timestamptz not null,
  why          text        not null,
  what_to_do   text        not null,
  reference    text        not null,
  xid          bigint      not null default ledger.transaction_number(),
  primary key (xid, id),
  constraint a_change check (from_stage <> to_stage)
);
create index change_of_workspace on license.change (workspace_id, id);

alter table license.event enable row level security;
alter table license.standing enable row level security;
alter table license.change enable row level security;
create policy own_rows on license.event for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on license.standing for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on license.change for select to purser_app using (workspace_id = base.current_workspace());
grant select on license.event, license.standing, license.change to purser_app;
create policy all_rows on license.event for select to purser_work using (true);
create policy new_rows on license.event for insert to purser_work with check (true);
grant select, insert on license.event to purser_work;
create policy all_rows on license.change for select to purser_work using (true);
create policy new_rows on license.change for insert to purser_work with check (true);
grant select, insert on license.change to purser_work;
create policy all_rows on license.standing to purser_work using (true);
grant select, insert, update on license.standing to purser_work;

create trigger append_only before update or delete or truncate on license.event
  for each statement execute function ledger.refuse_change();
create trigger append_only before update or delete or truncate on license.change
  for each statement execute function ledger.refuse_change();
