create schema terms;
grant usage on schema terms to purser_app, purser_work;

-- A month that a workspace is served for what was collected for it. Derived: written anew, in the transaction of the event, from all that
-- is known of the workspace's payments. Where its counters stand is `starts_at`, which does not move once the month has begun.
create table terms.month (
  workspace_id      uuid        not null,
  -- The invoice that began the term, `trial:` and the subscription, or `calendar`: what was under way when terms came to be.
  term              text        not null,
  month             integer     not null check (month >= 0),
  subscription      text        not null,
  kind              text        not null check (kind in ('paid', 'trial', 'calendar')),
  starts_at         timestamptz not null,
  ends_at           timestamptz not null,
  plan              text        not null,
  catalogue_version text        not null,
  -- What may be spent, by the currency of the plan that was paid for: what the plan promises for the money, and what margin and fees leave of
  -- it; `[{unit, ceiling, proven}]` in nano-units. Null: the plan's own.
  allowed           jsonb,
  -- What was spent of earlier months whose money went back since, in nano-units of a currency: this month's money pays it first.
  owed              bigint      not null default 0 check (owed >= 0),
  owed_unit         text,
  -- Its monthly credits are gone: another month has begun.
  lapsed            boolean     not null default false,
  primary key (workspace_id, term, month),
  constraint sound check (ends_at >= starts_at)
);
create index month_of_workspace on terms.month (workspace_id, starts_at);

-- The part of an invoice's money that is for one month: revenue and credits when it is due.
create table terms.part (
  workspace_id  uuid        not null,
  invoice       text        not null,
  ordinal       integer     not null check (ordinal >= 0),
  -- The month it is spent in; null: none.
  term          text,
  month         integer     not null,
  due_at        timestamptz not null,
  -- In nano-units of the invoice's currency.
  net           bigint      not null,
  credits       bigint      not null check (credits >= 0),
  rolling       bigint      not null check (rolling between 0 and credits),
  rolling_until timestamptz,
  -- Credits that were granted so far, of them taken back, and in how many steps.
  granted       bigint      not null default 0 check (granted >= 0),
  taken         bigint      not null default 0 check (taken between 0 and granted),
  steps         integer     not null default 0,
  opened        boolean     not null default false,
  primary key (workspace_id, invoice, ordinal)
);
create index part_to_open on terms.part (workspace_id, due_at) where not opened;

-- A grant that a part made.
create table terms.part_grant (
  workspace_id uuid    not null,
  grant_id     uuid    primary key,
  invoice      text    not null,
  ordinal      integer not null,
  -- It ends with its month; others roll over.
  monthly      boolean not null
);
create index grant_of_part on terms.part_grant (workspace_id, invoice, ordinal);

-- An invoice as it is in the books, in nano-units of its currency: `revenue` + `deferred` is what was collected without tax.
create table terms.collected (
  workspace_id     uuid   not null,
  invoice          text   primary key,
  -- Null: nobody knows which; it is booked all the same.
  plan             text,
  currency         text   not null check (currency ~ '^[A-Z]{3}$'),
  reported_unit    text   not null,
  rate_numerator   bigint not null check (rate_numerator > 0),
  rate_denominator bigint not null check (rate_denominator > 0),
  revenue          bigint not null default 0,
  deferred         bigint not null default 0,
  tax              bigint not null default 0,
  fees             bigint not null default 0
);
create index collected_of_workspace on terms.collected (workspace_id);

-- Which plan the payments of a workspace put it on last, and whether a subscription of it goes on.
create table terms.subscriber (
  workspace_id      uuid    primary key,
  subscription      text,
  plan              text,
  catalogue_version text,
  subscribed        boolean not null,
  -- An operator put the workspace on a plan since: without a subscription that goes on it is served as agreed.
  agreed            boolean not null default false,
  -- Subscriptions that were paid and live.
  living            integer not null default 0
);

alter table terms.month enable row level security;
alter table terms.part enable row level security;
alter table terms.part_grant enable row level security;
alter table terms.collected enable row level security;
alter table terms.subscriber enable row level security;
create policy own_rows on terms.month for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on terms.part for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on terms.part_grant for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on terms.collected for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on terms.subscriber for select to purser_app using (workspace_id = base.current_workspace());
grant select on terms.month, terms.part, terms.part_grant, terms.collected, terms.subscriber to purser_app;
create policy all_rows on terms.month to purser_work using (true);
create policy all_rows on terms.part to purser_work using (true);
create policy all_rows on terms.part_grant to purser_work using (true);
create policy all_rows on terms.collected to purser_work using (true);
create policy all_rows on terms.subscriber to purser_work using (true);
grant select, insert, update, delete on terms.month, terms.part to purser_work;
grant select, insert on terms.part_grant to purser_work;
grant select, insert, update on terms.collected, terms.subscriber to purser_work;

-- Every server keeps what it has read of a workspace, and reads again what is named here.
create function terms.tell_workspace() returns trigger language plpgsql as $$
begin
  perform pg_notify('purser_policy', coalesce(new.workspace_id, old.workspace_id)::text);
  return null;
end $$;
create trigger tell_change after insert or update or delete on terms.month for each row execute function terms.tell_workspace();
create trigger tell_change after insert or update on terms.subscriber for each row execute function terms.tell_workspace();

-- For a package above that has something to do when a part is due: its trigger function, by name.
create function terms.when_part_comes(p_function regproc) returns void language plpgsql as $$
begin
  execute format('create trigger part_comes after insert or update of due_at on terms.part for each row when (not new.opened) execute function %s()', p_function);
end $$;

-- Takes over whoever subscribed before: what the calendar opened last is served until the next invoice is collected, and opens nothing more.
create function terms.take_over(p_workspace uuid, p_subscription text, p_plan text, p_version text, p_from timestamptz) returns void
language plpgsql as $$
begin
  insert into terms.month (workspace_id, term, month, subscription, kind, starts_at, ends_at, plan, catalogue_version)
  values (p_workspace, 'calendar', 0, p_subscription, 'calendar', p_from, p_from + interval '1 month', p_plan, p_version)
  on conflict do nothing;
  insert into terms.subscriber (workspace_id, subscription, plan, catalogue_version, subscribed)
  values (p_workspace, p_subscription, p_plan, p_version, true) on conflict do nothing;
end $$;

-- Takes over an invoice that was booked before: only what goes back of it is booked from now on.
create function terms.take_over_invoice(
  p_workspace uuid, p_invoice text, p_plan text, p_currency text, p_net bigint, p_tax bigint, p_fees bigint
) returns void language sql as $$
  insert into terms.collected (workspace_id, invoice, plan, currency, reported_unit, rate_numerator, rate_denominator, revenue, tax, fees)
  values (p_workspace, p_invoice, p_plan, p_currency, p_currency, 1, 1, p_net, p_tax, p_fees) on conflict do nothing
$$;
