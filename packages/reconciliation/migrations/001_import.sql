create schema reconciliation;
grant usage on schema reconciliation to purser_work;

-- What a provider said it billed, once it was posted: the same again counts for nothing.
create table reconciliation.import (
  import_id   text        primary key check (import_id ~ '^[0-9a-f]{64}$'),
  provider    text        not null,
  span_from   timestamptz not null,
  span_to     timestamptz not null,
  posted_at   timestamptz not null,
  actor       text        not null,
  differences integer     not null,
  resolved    integer     not null
);

-- What was posted so far of a day and a model, so that a later word about the same day posts only what is new. Nano-units, signed.
create table reconciliation.line (
  provider text   not null,
  day      date   not null,
  model    text   not null,
  unit     text   not null check (unit ~ '^[A-Z]{3}$'),
  posted   bigint not null,
  primary key (provider, day, model, unit)
);

alter table reconciliation.import enable row level security;
alter table reconciliation.line enable row level security;
create policy all_rows on reconciliation.import to purser_work using (true);
create policy all_rows on reconciliation.line to purser_work using (true);
grant select, insert on reconciliation.import to purser_work;
grant select, insert, update on reconciliation.line to purser_work;
