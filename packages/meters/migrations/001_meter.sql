create schema meters;
grant usage on schema meters to purser_app, purser_work;

create type meters.class as enum ('cost', 'quota', 'credit', 'gauge');
create type meters.state as enum ('open', 'settled', 'voided', 'expired', 'reconciled');

-- A capped counter over one window: what it is. What it counts stands on its workspace's panel, or at rest.
create table meters.meter (
  id            uuid        primary key,
  workspace_id  uuid        not null,
  key           text        not null,
  unit          text        not null,
  class         meters.class not null,
  window_start  timestamptz not null,
  window_end    timestamptz
);
create index meter_of_workspace on meters.meter (workspace_id, window_start);

-- A domain keeps its rule at hand; a check of the table is read and set up anew by every statement that writes.
create domain meters.amounts as bigint[] check ((0 <= all (value)) is true);

-- The counters a workspace uses, side by side in parallel arrays: one row to lock, to read and to write instead of a dozen.
-- Who holds the lock on it may change the workspace's meters, grants, holds and keys; nobody else may. The order for all is by
-- workspace, the platform (whose meters everybody wants) last.
create table meters.panel (
  workspace_id  uuid        primary key,
  -- Nothing of the workspace's grants is due before this; null: nothing ever.
  grant_due_at  timestamptz,
  meters        uuid[]      not null default '{}',
  caps          meters.amounts not null default '{}',
  unreconciled  meters.amounts not null default '{}',
  overrun       meters.amounts not null default '{}',
  -- What changes with every call stands last, so that the log need not repeat the rest.
  used          meters.amounts not null default '{}',
  held          meters.amounts not null default '{}',
  -- What the highest cap under which anything was admitted leaves: cap − held − used − unreconciled. Caps may fall afterwards;
  -- what was admitted never exceeded that one, for this is never negative.
  spare         meters.amounts not null default '{}',
  constraint parallel check (cardinality(spare) = cardinality(meters))
) with (fillfactor = 50, toast_tuple_target = 8160);
-- Every end takes it, whether or not anything of the platform's is ever held.
insert into meters.panel (workspace_id) values ('00000000-0000-0000-0000-000000000000');

-- Counters that nobody uses: their window is over, or the panel was full. Nothing is held on them.
create table meters.rest (
  meter_id      uuid        primary key,
  workspace_id  uuid        not null,
  cap           bigint      not null,
  used          bigint      not null,
  unreconciled  bigint      not null,
  overrun       bigint      not null,
  spare         bigint      not null,
  constraint never_negative check (least(cap, used, unreconciled, overrun, spare) >= 0)
);

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
  -- The class of each leg's meter by its first letter, `r` for credit; a capital where the meter is the platform's.
  kinds         "char"[]    not null,
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

-- Every meter with what it counts, wherever that stands.
create view meters.counter with (security_invoker = true) as
select m.id, m.workspace_id, m.key, m.unit, m.class, m.window_start, m.window_end,
  c.cap, c.held, c.used, c.unreconciled, c.overrun
from meters.meter m
cross join lateral (
  select p.caps[p.n] as cap, p.held[p.n] as held, p.used[p.n] as used, p.unreconciled[p.n] as unreconciled, p.overrun[p.n] as overrun
  from (select x.*, array_position(x.meters, m.id) as n from meters.panel x where x.workspace_id = m.workspace_id offset 0) p
  where p.n is not null
  union all
  select r.cap, 0, r.used, r.unreconciled, r.overrun from meters.rest r where r.meter_id = m.id
) c;

alter table meters.meter enable row level security;
alter table meters.panel enable row level security;
alter table meters.rest enable row level security;
alter table meters.grant enable row level security;
alter table meters.hold enable row level security;
alter table meters.idempotency enable row level security;
create policy own_rows on meters.meter for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.panel for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.rest for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.grant for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.hold for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on meters.idempotency for select to purser_app using (workspace_id = base.current_workspace());
grant select on meters.meter, meters.panel, meters.rest, meters.counter, meters.grant, meters.hold, meters.idempotency to purser_app;
-- Batches, sweeps and ends are of many workspaces at once.
create policy all_rows on meters.meter to purser_work using (true);
create policy all_rows on meters.panel to purser_work using (true);
create policy all_rows on meters.rest to purser_work using (true);
create policy all_rows on meters.grant to purser_work using (true);
create policy all_rows on meters.hold to purser_work using (true);
create policy all_rows on meters.idempotency to purser_work using (true);
grant select on meters.counter to purser_work;
grant select, insert on meters.meter to purser_work;
grant select, insert, update on meters.panel, meters.grant, meters.hold to purser_work;
grant select, insert, delete on meters.rest to purser_work;
grant select, insert, update, delete on meters.idempotency to purser_work;
