-- Which providers and models calls are kept away from because they fail: one row for each that ever did. All servers share it; each
-- change is made by whoever has the row's lock, so that the one call that tries a route again is one over all of them.
create table routing.breaker (
  provider   text        not null,
  -- `*`: all models of the provider.
  model      text        not null,
  -- `none`: nothing stands against it.
  state      text        not null default 'none' check (state in ('none', 'closed', 'open', 'half_open')),
  reason     text        check (reason in ('failing', 'key', 'unresolved')),
  why        text,
  failures   integer     not null default 0 check (failures >= 0),
  openings   integer     not null default 0 check (openings >= 0),
  -- By the clock of the database. Of an open one: when it may be tried. Of a half-open one: until when its probe may take.
  until      timestamptz not null default now(),
  probe      text,
  opened_at  timestamptz,
  changed_at timestamptz not null default now(),
  primary key (provider, model)
);

alter table routing.breaker enable row level security;
create policy all_rows on routing.breaker to purser_work using (true);
grant select, insert, update on routing.breaker to purser_work;
