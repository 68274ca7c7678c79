create schema policy;
grant usage on schema policy to purser_app, purser_work;

-- What holds for the whole installation: one row.
create table policy.platform (
  one        boolean     primary key default true check (one),
  frozen     boolean     not null default false,
  changed_at timestamptz,
  changed_by text
);
insert into policy.platform default values;
grant select, update on policy.platform to purser_work;

-- How far a ladder has been climbed down on the meter it watches; the platform's own for those that everybody shares.
-- `spent` and `cap` are what the rung was found from: under another cap it is found again from `spent`.
create table policy.rung (
  workspace_id uuid        not null,
  ladder       text        not null,
  unit         text        not null,
  window_start timestamptz not null,
  cap          bigint      not null,
  spent        bigint      not null,
  rung         smallint    not null,
  since        timestamptz not null,
  primary key (workspace_id, ladder),
  check (least(cap, spent, rung) >= 0)
);
create index rung_in_force on policy.rung (rung desc, since desc) where rung > 0;

-- Each add-on that raised a ceiling, once; what a refund takes back is negative.
create table policy.raise (
  raise_id     uuid        primary key,
  workspace_id uuid        not null,
  unit         text        not null,
  nanos        bigint      not null check (nanos <> 0),
  reason       text        not null,
  raised_at    timestamptz not null
);
create index raise_of_workspace on policy.raise (workspace_id, raised_at);

-- By how much the ceiling of one billing period is raised: what was bought in it, and what was left of the period before.
create table policy.raised (
  workspace_id uuid        primary key,
  unit         text        not null,
  period_start timestamptz not null,
  nanos        bigint      not null check (nanos >= 0),
  changed_at   timestamptz not null
);

alter table policy.rung enable row level security;
alter table policy.raise enable row level security;
alter table policy.raised enable row level security;
create policy own_rungs on policy.rung for select to purser_app using (workspace_id = base.current_workspace());
create policy own_raises on policy.raise for select to purser_app using (workspace_id = base.current_workspace());
create policy own_raised on policy.raised for select to purser_app using (workspace_id = base.current_workspace());
grant select on policy.rung, policy.raise, policy.raised to purser_app;
create policy all_rows on policy.rung to purser_work using (true);
create policy all_rows on policy.raise to purser_work using (true);
create policy all_rows on policy.raised to purser_work using (true);
grant select, insert, update on policy.rung, policy.raised to purser_work;
grant select, insert on policy.raise to purser_work;

-- Every server keeps what it has read, and reads again what is named here.
create function policy.tell_workspace() returns trigger language plpgsql as $$
begin
  perform pg_notify('purser_policy', new.workspace_id::text);
  return null;
end $$;
create function policy.tell_platform() returns trigger language plpgsql as $$
begin
  perform pg_notify('purser_policy', '00000000-0000-0000-0000-000000000000');
  return null;
end $$;
create trigger tell_change after insert or update on policy.rung for each row execute function policy.tell_workspace();
create trigger tell_change after insert or update on policy.raised for each row execute function policy.tell_workspace();
create trigger tell_change after update on policy.platform for each statement execute function policy.tell_platform();
