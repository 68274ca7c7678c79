create schema routing;
grant usage on schema routing to purser_work, purser_app;

-- Which models are closed because a call cost more than was held for it, or because a proof failed, and what a proof found: one row a
-- model for everybody (`workspace_id` is then the platform's own), and one for each workspace whose call it was. Every server reads all
-- of it several times a second, so old rows of workspaces are dropped.
create table routing.route (
  model        text        not null,
  workspace_id uuid        not null,
  state        text        not null check (state in ('proven', 'closed')),
  -- The name of the output limit with which the proof held; null where the protocol has but one.
  output_limit text,
  -- By the clock of the database, which all servers share.
  closed_until timestamptz not null default now(),
  -- How often in a row.
  times        integer     not null default 0 check (times >= 0),
  why          text        not null,
  changed_at   timestamptz not null default now(),
  primary key (model, workspace_id)
);

alter table routing.route enable row level security;
create policy own_rows on routing.route for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on routing.route to purser_work using (true);
grant select on routing.route to purser_app;
grant select, insert, update, delete on routing.route to purser_work;
