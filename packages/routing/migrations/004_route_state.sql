-- One state for each way to a model (`model` is `*`: all models of the provider), for everybody (`workspace_id` is the platform's own) and
-- for each workspace that its own calls keep away. It says whether calls may be sent there, and why not. All servers share it: each reads
-- all of it several times a second, and whoever changes a route has the row of everybody locked, so that the one call that tries it again
-- is one over all of them. A row that says nothing any more is deleted.
create table routing.route_state (
  provider     text        not null,
  model        text        not null,
  workspace_id uuid        not null,
  state        text        not null default 'open' check (state in ('open', 'closed', 'tried')),
  reason       text        check (reason in ('overrun', 'failing', 'key', 'unresolved')),
  why          text,
  -- In a row.
  failures     integer     not null default 0 check (failures >= 0),
  times        integer     not null default 0 check (times >= 0),
  -- Of a workspace: its calls that cost more than was held for them, and whether it failed since anybody was served.
  overruns     integer     not null default 0 check (overruns >= 0),
  witness      boolean     not null default false,
  -- By the clock of the database, which all servers share. Of a closed one: when it may be tried. Of one that is tried: until when that may take.
  until        timestamptz not null default now(),
  probe        text,
  -- Whether the output limit is kept, and under which name a probe has shown it (null where the protocol has but one).
  proof        text        check (proof in ('kept', 'needed')),
  output_limit text,
  -- The last failure or overrun.
  failed_at    timestamptz not null default now(),
  closed_at    timestamptz,
  primary key (provider, model, workspace_id),
  check ((probe is not null) = (state = 'tried')),
  check ((reason is null) = (state = 'open')),
  -- What has to be proven is closed until it is.
  check (proof is distinct from 'needed' or state <> 'open')
);

alter table routing.route_state enable row level security;
create policy own_rows on routing.route_state for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on routing.route_state to purser_work using (true);
grant select on routing.route_state to purser_app;
grant select, insert, update, delete on routing.route_state to purser_work;

-- The id of a model begins with its provider's in the catalogues that there are; of one that does not, what was known begins anew.
insert into routing.route_state (provider, model, workspace_id, state, reason, why, times, overruns, until, proof, output_limit, failed_at, closed_at)
select split_part(model, '/', 1), model, workspace_id,
  case state when 'closed' then 'closed' else 'open' end, case state when 'closed' then 'overrun' end, case state when 'closed' then why end,
  case when workspace_id = '00000000-0000-0000-0000-000000000000' and state = 'closed' then times else 0 end,
  case when workspace_id = '00000000-0000-0000-0000-000000000000' then 0 else times end,
  closed_until,
  case when workspace_id = '00000000-0000-0000-0000-000000000000' then case state when 'closed' then 'needed' else 'kept' end end,
  output_limit, changed_at, case state when 'closed' then changed_at end
from routing.route
where workspace_id = '00000000-0000-0000-0000-000000000000' or (state = 'closed' and changed_at > now() - interval '1 day');

-- A model that fails and overran as well stays closed as one that overran, for the longer of both waits.
insert into routing.route_state as had (provider, model, workspace_id, state, reason, why, failures, times, until, probe, failed_at, closed_at)
select provider, model, coalesce(caused_by, '00000000-0000-0000-0000-000000000000'),
  case state when 'open' then 'closed' when 'half_open' then 'tried' else 'open' end, case when state <> 'closed' then reason end, why,
  failures, case when state <> 'closed' then openings else 0 end, until, case state when 'half_open' then coalesce(probe, '') end, changed_at,
  case when state <> 'closed' then opened_at end
from routing.breaker
where state <> 'none'
on conflict (provider, model, workspace_id) do update set
  state = case had.state when 'closed' then 'closed' else excluded.state end,
  reason = case had.state when 'closed' then had.reason else excluded.reason end,
  why = case had.state when 'closed' then had.why else excluded.why end,
  failures = excluded.failures,
  times = greatest(had.times, excluded.times),
  until = case when had.state = 'closed' then greatest(had.until, excluded.until) else excluded.until end,
  probe = case had.state when 'closed' then null else excluded.probe end,
  closed_at = coalesce(had.closed_at, excluded.closed_at);

drop table routing.route;
drop table routing.breaker;
