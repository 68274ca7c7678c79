create schema jobs;
grant usage on schema jobs to purser_app, purser_work;

-- The row is the truth about a job; what a queue carries only says that there is one. `run_at` and `deadline_at` are times of the
-- installation's clock; leases and waits are times of this server's, which nobody moves.
create table jobs.job (
  workspace_id    uuid        not null,
  job_id          uuid        primary key,
  -- The order in which jobs were put in, which is that in which those of a workspace and lane begin.
  position        bigint      not null generated always as identity,
  kind            text        not null check (kind ~ '^[a-z][a-z0-9_]{1,59}$'),
  lane            text        not null check (lane in ('critical', 'high', 'standard', 'low')),
  idempotency_key text        check (length(idempotency_key) between 1 and 300),
  request_hash    text        not null check (request_hash ~ '^[0-9a-f]{64}$'),
  payload         jsonb       not null,
  status          text        not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  -- Queued and its time has come: it is counted in its line.
  due             boolean     not null,
  due_at          timestamptz,
  run_at          timestamptz not null,
  deadline_at     timestamptz,
  attempts        smallint    not null default 0,
  attempts_max    smallint    not null check (attempts_max between 1 and 100),
  -- Who runs it, and until when it is believed to live.
  lease_id        uuid,
  leased_until    timestamptz,
  cancel_asked    boolean     not null default false,
  progress_done   bigint      not null default 0,
  progress_total  bigint,
  -- Counts what somebody who watches can see.
  version         bigint      not null default 1,
  result          jsonb,
  error_code      text,
  error_detail    text        check (length(error_detail) <= 2000),
  created_at      timestamptz not null,
  started_at      timestamptz,
  ended_at        timestamptz,
  constraint due_is_queued check (not due or (status = 'queued' and due_at is not null)),
  constraint running_is_leased check ((status = 'running') = (lease_id is not null) and (lease_id is null) = (leased_until is null)),
  constraint ended_has_its_time check ((status in ('succeeded', 'failed', 'cancelled')) = (ended_at is not null)),
  constraint failed_says_why check ((status = 'failed') <= (error_code is not null)),
  constraint attempts_within check (attempts between 0 and attempts_max),
  constraint progress_within check (progress_done >= 0 and (progress_total is null or progress_done <= progress_total))
);
create unique index job_once on jobs.job (workspace_id, kind, idempotency_key) where idempotency_key is not null;
create index job_due on jobs.job (lane, workspace_id, position) where due;
create index job_scheduled on jobs.job (run_at) where status = 'queued' and not due;
create index job_leased on jobs.job (leased_until) where status = 'running';
create index job_deadline on jobs.job (deadline_at) where status = 'queued' and deadline_at is not null;
create index job_of_workspace on jobs.job (workspace_id, job_id);
create index job_dead on jobs.job (job_id) where status = 'failed';
create index job_ended on jobs.job (ended_at) where ended_at is not null;
create index job_started on jobs.job using brin (started_at) with (autosummarize = on);

-- What a workspace has waiting and running in a lane. Lines are served in the order of their turns, so one that has ten thousand jobs
-- does not keep another's one waiting; `running_max` is how many of a workspace's run at once.
create table jobs.line (
  lane         text        not null,
  workspace_id uuid        not null,
  due          integer     not null default 0 check (due >= 0),
  running      integer     not null default 0 check (running >= 0),
  running_max  integer     not null check (running_max between 1 and 10000),
  turn         timestamptz not null,
  primary key (lane, workspace_id)
);
create index line_open on jobs.line (lane, turn, workspace_id) where due > 0 and running < running_max;
create index line_of_workspace on jobs.line (workspace_id);

alter table jobs.job enable row level security;
create policy own_jobs on jobs.job to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on jobs.job to purser_work using (true);
grant select, insert, update (status, due, cancel_asked, ended_at, version) on jobs.job to purser_app;
grant select, insert, update, delete on jobs.job to purser_work;
alter table jobs.line enable row level security;
create policy own_lines on jobs.line to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on jobs.line to purser_work using (true);
grant select, insert, update on jobs.line to purser_app;
grant select, insert, update, delete on jobs.line to purser_work;
