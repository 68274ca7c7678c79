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
  -- Of when the licence was last told whether all of it went back.
  add column told_at timestamptz,
  alter column plan drop not null,
  drop constraint invoice_paid_check,
  add constraint invoice_paid_check check (paid >= 0),
  drop constraint invoice_check,
  add constraint invoice_tax_check check (tax >= 0 and tax <= paid);

-- A reversal is told in a currency of its own: what of the payment it is follows from what was withdrawn for it, or from what the payment was
-- in that currency. Amounts are nano-units; null: as the payment.
alter table marketplace.reversal
  add column currency text,
  add column fee_currency text,
  add column withdrawn bigint check (withdrawn >= 0),
  add column withdrawn_currency text;

-- What a payment was in a currency that its buyer saw.
create table marketplace.presented (
  payment_intent text   not null,
  currency       text   not null,
  amount         bigint not null check (amount > 0),
  primary key (payment_intent, currency)
);
grant select, insert on marketplace.presented to purser_work;

-- Money that a seller gave back outside of its payment provider. What a credit note put onto a customer's balance pays a later invoice, by which
-- then nothing is collected; what it gave back by a refund is told as one.
create table marketplace.credit_note (
  stripe_id  text    primary key,
  invoice_id text    not null,
  amount     bigint  not null check (amount >= 0),
  void       boolean not null
);
create index credit_note_of_invoice on marketplace.credit_note (invoice_id);
grant select, insert, update on marketplace.credit_note to purser_work;

-- A page that can be paid on no more; null: it may be open.
alter table marketplace.checkout add column closed_at timestamptz;
grant update (closed_at) on marketplace.checkout to purser_app;

-- By how much a purchase raises the ceiling; null: by what was offered. A pack that was sold below its price gives that part of its credits and raise.
alter table marketplace.purchase add column ceiling_raise bigint check (ceiling_raise >= 0);

-- Whoever subscribed before goes over without a second ceiling, grant or booking: what the calendar opened last is served until the next invoice is
-- collected, and opens nothing more by itself. Of its invoices the net was booked with the period, and the tax by itself.
do $$
declare
  v_sold record;
begin
  insert into marketplace.snapshot (workspace_id, event_id, subscription_id, at, rank, status, plan, price, items, catalogue_version)
  select s.workspace_id, 'before:' || s.subscription_id, s.subscription_id, s.event_at, 0,
    case when s.status = 'ended' then 'ended' when s.status in ('past_due', 'unpaid') then 'owing'
      when s.status in ('trialing', 'active', 'paused') then s.status else 'incomplete' end,
    s.plan, '', '[]', w.catalogue_version
  from marketplace.subscription s cross join lateral identity.sold_to(s.workspace_id) w;

  for v_sold in
    select distinct on (s.workspace_id) s.workspace_id, s.subscription_id, w.plan, w.catalogue_version,
      coalesce(ledger.last_period(s.workspace_id), w.anchored_at) as begun
    from marketplace.subscription s cross join lateral identity.sold_to(s.workspace_id) w where s.live order by s.workspace_id, s.event_at
  loop
    perform terms.take_over(v_sold.workspace_id, v_sold.subscription_id, v_sold.plan, v_sold.catalogue_version, v_sold.begun);
  end loop;

  perform license.name_earlier(n.workspace_id, n.subscription_id)
  from (select distinct on (workspace_id) workspace_id, subscription_id from marketplace.subscription
        order by workspace_id, live desc, event_at desc) n;

  perform terms.take_over_invoice(i.workspace_id, i.invoice_id, i.plan, i.currency, i.paid - i.reversed - i.tax_left, i.tax_left, i.reversal_fees)
  from (select *, div(tax::numeric * (paid - reversed) + paid - 1, paid)::bigint as tax_left from marketplace.invoice) i;
end $$;
alter table marketplace.invoice drop column revenue, drop column fees;
