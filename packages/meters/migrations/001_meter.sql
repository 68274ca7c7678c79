create schema meters;
grant usage on schema meters to purser_app, purser_work;

create type meters.class as enum ('cost', 'quota', 'credit', 'gauge');
create type meters.state as enum ('open', 'settled', 'voided', 'expired', 'reconciled');

-- Who holds the lock on a workspace's guard may change its meters, grants, holds and keys; nobody else may. One row to lock
-- instead of a dozen, and one order for all: by workspace, the platform (whose meters everybody wants) last.
create table meters.guard (
  workspace_id uuid        primary key,
  -- Nothing of the workspace's grants is due before this; null: nothing ever.
  grant_due_at timestamptz
) with (fillfactor = 50);
-- Every end takes it, whether or not anything of the platform's is ever held.
insert into meters.guard (workspace_id) values ('00000000-0000-0000-0000-000000000000');

-- A capped counter over one window.
create table meters.meter (
  id            uuid        primary key,
  workspace_id  uuid        not null,
  key           text        not null,
  unit          text        not null,
  class         meters.class not null,
  window_start  timestamptz not null,
  window_end    timestamptz,
  cap           bigint      not null,
  held          bigint      not null default 0,
  used          bigint      not null default 0,
  unreconciled  bigint      not null default 0,
  overrun       bigint      not null default 0,
  -- The highest cap under which anything was admitted. Caps may fall afterwards; what was admitted never exceeded this.
  admitted_cap  bigint      not null default 0,
  -- One short check, because each is read and set up anew by every statement that writes.
  constraint never_negative_never_admitted_over_cap
    check (least(cap, held, used, unreconciled, overrun) >= 0 and held + used + unreconciled <= admitted_cap)
) with (fillfactor = 50);
create index meter_of_workspace on meters.meter (workspace_id, window_start);

-- Credits with a source, a priority and an expiry.
create table meters.grant (
  id            uuid        primary key,
  workspace_id  uuid        not null,
  -- No foreign key: it would be asked at every change of every meter, and `grant_credits` alone makes grants.
  meter_id      uuid        not null,
  source        text        not null,
  -- The pack that was bought, if one was: what is spent of it is booked to it.
  pack          text,
  -- Burn order within one expiry: promotional (10) before monthly (20) before bought (30).
  priority      smallint    not null,
  granted_at    timestamptz not null,
  expires_at    timestamptz,
  amount        bigint      not null,
  held          bigint      not null default 0,
  used          bigint      not null default 0,
  expired       bigint      not null default 0,
  expired_at    timestamptz,
  closed        boolean     not null default false,
  reason        text,
  constraint never_negative_never_more_than_granted
    check (least(held, used, expired, amount - 1) >= 0 and held + used + expired <= amount)
) with (fillfactor = 50);
create index open_grant_of_workspace on meters.grant (workspace_id) where not closed;

-- An identified, expiring, all-or-nothing reservation. Legs are parallel arrays, so a hold is one row and ends by one update.
create table meters.hold (
  id            uuid        primary key,
  workspace_id  uuid        not null,
  state         meters.state not null default 'open',
  held_at       timestamptz not null,
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  meters        uuid[]      not null,
  amounts       bigint[]    not null,
  -- What each leg really took; zeros until then, so that the settle's version of the row is no longer than this one.
  -- Above `amounts` is overrun.
  actuals       bigint[]    not null,
  credit_meter  uuid,
  grants        uuid[]      not null default '{}',
  grant_amounts bigint[]    not null default '{}',
  -- The packs the grants are of, one for each; null when none is of a pack.
  packs         text[],
  plan          text        not null,
  provider      text        not null,
  -- The worst case in the provider's currency, and the same in the plan's.
  cost          bigint      not null,
  cost_unit     text        not null,
  reported      bigint      not null,
  reported_unit text        not null,
  constraint whole
    check (least(cost, reported) >= 0 and (state = 'open') = (ended_at is null) and cardinality(meters) = cardinality(actuals))
) with (fillfactor = 45);
-- Holds are written in the order of time, so a block range index finds the due ones and keeps a settle's update heap-only.
create index hold_by_expiry on meters.hold using brin (expires_at) with (pages_per_range = 32, autosummarize = on);

-- A key belongs to the one hold that may spend under it; a hold that spent nothing gives it back.
create table meters.idempotency (
  workspace_id  uuid        not null,
  key           text        not null check (length(key) between 1 and 255),
  request_hash  text        not null,
  hold_id       uuid        not null,
  claimed_at    timestamptz not null,
  answer        text,
  primary key (workspace_id, key)
);
create index idempotency_of_hold on meters.idempotency (hold_id);

alter table meters.meter enable row level security;
alter table meters.grant enable row level security;
alter table meters.hold enable row level security;
alter table meters.idempotency enable row level security;
alter table meters.guard enable row level security;
create policy own_rows on meters.meter for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.grant for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.hold for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.idempotency for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.guard for select to purser_app using (workspace_id = base.current_workspace());
grant select on meters.meter, meters.grant, meters.hold, meters.idempotency to purser_app;
-- Batches, sweeps and ends are of many workspaces at once.
create policy all_rows on meters.meter to purser_work using (true);
create policy all_rows on meters.grant to purser_work using (true);
create policy all_rows on meters.hold to purser_work using (true);
create policy all_rows on meters.idempotency to purser_work using (true);
create policy all_rows on meters.guard to purser_work using (true);
grant select, insert, update on meters.meter, meters.grant, meters.hold, meters.guard to purser_work;
grant select, insert, update, delete on meters.idempotency to purser_work;
