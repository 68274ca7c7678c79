create schema marketplace;
grant usage on schema marketplace to purser_app, purser_work;

-- Who a workspace is to Stripe.
create table marketplace.customer (
  workspace_id    uuid        primary key,
  stripe_customer text        not null unique,
  created_at      timestamptz not null
);

-- What was offered to a buyer, as it was then: a payment that comes days later counts for what was on the page, whatever the
-- catalogue says meanwhile. Amounts are nano-units of `currency`.
create table marketplace.checkout (
  workspace_id      uuid        not null,
  checkout_id       uuid        primary key,
  actor             text        not null,
  request_hash      text        not null,
  kind              text        not null check (kind in ('pack', 'plan')),
  code              text        not null,
  name              text        not null,
  catalogue_version text        not null,
  price             bigint      not null check (price > 0),
  currency          text        not null check (currency ~ '^[A-Z]{3}$'),
  quantity          integer     not null check (quantity > 0),
  credits           bigint      not null check (credits >= 0),
  expires_months    integer,
  ceiling_raise     bigint      not null check (ceiling_raise >= 0),
  fee_numerator     bigint      not null check (fee_numerator >= 0),
  fee_denominator   bigint      not null check (fee_denominator > 0),
  fee_fixed         bigint      not null check (fee_fixed >= 0),
  -- What the page lists: `[{name, quantity, unit_nanos}]`.
  lines             jsonb       not null,
  return_url        text        not null,
  created_at        timestamptz not null,
  -- Null until Stripe has answered.
  session_id        text        unique,
  url               text
);
create index checkout_of_workspace on marketplace.checkout (workspace_id, created_at);

-- Every event that Stripe ever signed, for ever: the same one again counts for nothing.
create table marketplace.event (
  event_id     text        primary key,
  -- The platform's when it belongs to nobody we know.
  workspace_id uuid        not null,
  type         text        not null,
  created_at   timestamptz not null,
  received_at  timestamptz not null,
  outcome      text        not null check (outcome in ('applied', 'kept', 'refused')),
  detail       text,
  payload      jsonb       not null
);
create index event_of_workspace on marketplace.event (workspace_id, received_at);

-- What was paid back or is disputed of a payment, by the object that says so. Facts alone, so that it does not matter in which
-- order they come, nor whether the payment they speak of has been heard of.
create table marketplace.reversal (
  stripe_id      text        primary key,
  payment_intent text        not null,
  kind           text        not null check (kind in ('charge', 'refund', 'dispute')),
  amount         bigint      not null check (amount >= 0),
  fee            bigint      not null check (fee >= 0),
  -- `open` gives way to what ends it, and nothing to `open`.
  state          text        not null check (state in ('open', 'failed', 'won', 'lost')),
  at             timestamptz not null
);
create index reversal_of_payment on marketplace.reversal (payment_intent);

-- A pack that was paid for. `paid` and `tax` are what the buyer paid, `reversed` and `reversal_fees` what the books say came off.
create table marketplace.purchase (
  workspace_id   uuid        not null,
  checkout_id    uuid        primary key references marketplace.checkout (checkout_id),
  session_id     text        not null unique,
  payment_intent text        not null unique,
  code           text        not null,
  plan           text        not null,
  paid_at        timestamptz not null,
  credits        bigint      not null check (credits > 0),
  currency       text        not null,
  paid           bigint      not null check (paid > 0),
  tax            bigint      not null check (tax >= 0 and tax < paid),
  -- As the catalogue expects them, until Stripe says what it took.
  fees           bigint      not null check (fees >= 0),
  fees_known     boolean     not null default false,
  fees_asked_at  timestamptz,
  reported_unit  text        not null,
  -- What one nano-unit was worth in the plan's currency at that moment.
  rate_numerator   bigint    not null check (rate_numerator > 0),
  rate_denominator bigint    not null check (rate_denominator > 0),
  reversed       bigint      not null default 0,
  reversal_fees  bigint      not null default 0,
  -- By how much it has raised the ceiling, and in how many steps.
  raised         bigint      not null default 0 check (raised >= 0),
  raise_steps    integer     not null default 0,
  -- Credits of this purchase that paid what an older one owed.
  repaid         bigint      not null default 0,
  -- Credits that were spent though the money for them went back, and how many of them later purchases have paid.
  owed           bigint      not null default 0,
  owed_paid      bigint      not null default 0,
  constraint sound check (reversed between 0 and paid and least(reversal_fees, repaid, owed_paid) >= 0 and owed >= owed_paid)
);
create index purchase_of_workspace on marketplace.purchase (workspace_id, paid_at);
create index purchase_of_time on marketplace.purchase (paid_at);
create index purchase_with_unknown_fees on marketplace.purchase (paid_at) where not fees_known;
create index purchase_that_owes on marketplace.purchase (workspace_id) where owed > owed_paid;

-- The grants of a purchase: the first, and what was given back after a dispute was won. `taken` is what was taken back.
create table marketplace.purchase_grant (
  workspace_id uuid    not null,
  grant_id     uuid    primary key,
  checkout_id  uuid    not null references marketplace.purchase (checkout_id),
  ordinal      integer not null,
  credits      bigint  not null check (credits > 0),
  taken        bigint  not null default 0 check (taken between 0 and credits),
  unique (checkout_id, ordinal)
);

-- A subscription as the latest of its events left it; events of one second are ordered by their ids, so that everyone agrees.
create table marketplace.subscription (
  workspace_id    uuid        not null,
  subscription_id text        primary key,
  plan            text        not null,
  status          text        not null,
  live            boolean     not null,
  event_at        timestamptz not null,
  event_id        text        not null
);
create index subscription_of_workspace on marketplace.subscription (workspace_id);

-- An invoice of a subscription that was paid. Its price is booked when its period opens; here are its tax, what a change of plan
-- within a period cost, and what went back.
create table marketplace.invoice (
  workspace_id  uuid        not null,
  invoice_id    text        primary key,
  plan          text        not null,
  paid_at       timestamptz not null,
  currency      text        not null check (currency ~ '^[A-Z]{3}$'),
  paid          bigint      not null check (paid > 0),
  tax           bigint      not null check (tax >= 0 and tax < paid),
  -- Booked here, rather than with a period.
  revenue       bigint      not null check (revenue >= 0),
  fees          bigint      not null check (fees >= 0),
  reversed      bigint      not null default 0,
  reversal_fees bigint      not null default 0,
  -- The licence was told that all of it went back; how often that changed.
  given_back    boolean     not null default false,
  told          integer     not null default 0,
  constraint sound check (reversed between 0 and paid and reversal_fees >= 0)
);
create index invoice_of_workspace on marketplace.invoice (workspace_id, paid_at);

-- Which payment paid which invoice.
create table marketplace.invoice_payment (
  payment_intent text primary key,
  invoice_id     text not null
);
create index payment_of_invoice on marketplace.invoice_payment (invoice_id);

-- Where Stripe shows its own receipt of a payment.
create table marketplace.receipt_link (
  payment_intent text primary key,
  url            text not null
);

alter table marketplace.customer enable row level security;
alter table marketplace.checkout enable row level security;
alter table marketplace.event enable row level security;
alter table marketplace.purchase enable row level security;
alter table marketplace.purchase_grant enable row level security;
alter table marketplace.subscription enable row level security;
alter table marketplace.invoice enable row level security;
create policy own_rows on marketplace.subscription for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.invoice for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.customer to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.checkout to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.event for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.purchase for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on marketplace.purchase_grant for select to purser_app using (workspace_id = base.current_workspace());
grant select on marketplace.checkout, marketplace.purchase, marketplace.purchase_grant, marketplace.subscription, marketplace.invoice to purser_app;
grant select, insert on marketplace.customer to purser_app;
grant insert, update (session_id, url) on marketplace.checkout to purser_app;
create policy all_rows on marketplace.customer to purser_work using (true);
create policy all_rows on marketplace.checkout to purser_work using (true);
create policy all_rows on marketplace.event to purser_work using (true);
create policy all_rows on marketplace.purchase to purser_work using (true);
create policy all_rows on marketplace.purchase_grant to purser_work using (true);
create policy all_rows on marketplace.subscription to purser_work using (true);
create policy all_rows on marketplace.invoice to purser_work using (true);
grant select, insert, update on marketplace.customer, marketplace.checkout, marketplace.event, marketplace.purchase, marketplace.purchase_grant,
  marketplace.subscription, marketplace.invoice, marketplace.reversal to purser_work;
grant select, insert on marketplace.invoice_payment, marketplace.receipt_link to purser_work;

-- Stripe's receipt of a payment is shown to whose payment it is.
alter table marketplace.receipt_link enable row level security;
create policy own_receipts on marketplace.receipt_link for select to purser_app using (exists (
  select from marketplace.purchase p where p.payment_intent = receipt_link.payment_intent and p.workspace_id = base.current_workspace()));
grant select on marketplace.receipt_link to purser_app;
create policy all_rows on marketplace.receipt_link to purser_work using (true);
