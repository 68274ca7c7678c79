-- What the payment service took for an invoice, in nano-units of its currency; null: not known yet, and the catalog's counts.
alter table marketplace.invoice add column fees bigint check (fees >= 0);
alter table marketplace.invoice add column fees_asked_at timestamptz;
create index fees_to_learn on marketplace.invoice (fees_asked_at, paid_at) where fees is null and paid > 0;

create or replace function marketplace.known_before(p_workspace uuid, p_until timestamptz) returns text language sql stable as $$
  select concat_ws(' ',
    (select count(*) from marketplace.snapshot where workspace_id = p_workspace and at < p_until),
    (select concat_ws(' ', count(*), sum(paid), sum(tax), sum(reversed), sum(reversal_fees), count(fees), sum(fees))
     from marketplace.invoice where workspace_id = p_workspace and paid_at < p_until))
$$;

-- Subscriptions of which the events do not say enough: what they are is asked of the payment service, until it answers.
create table marketplace.question (
  workspace_id    uuid        not null,
  subscription_id text        primary key,
  why             text        not null check (why in ('tie', 'period')),
  asked_at        timestamptz
);
alter table marketplace.question enable row level security;
create policy own_rows on marketplace.question for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on marketplace.question to purser_work using (true);
grant select on marketplace.question to purser_app;
grant select, insert, update, delete on marketplace.question to purser_work;
