create schema notify;
grant usage on schema notify to purser_app, purser_work;

-- How far each source (postings, attempts, announcements) has been read, in the order of the books. Whoever has locked the row
-- 'scan' reads; the others pass by.
create table notify.position (
  source text   primary key,
  xid    bigint not null,
  id     bigint not null
);
insert into notify.position (source, xid, id) values ('scan', 0, 0);
grant select, insert, update on notify.position to purser_work;

-- Something worth telling, once. For a threshold `level` is the amount at which it lies and `value` where the meter stood: a
-- raised cap can be crossed anew, the same one cannot.
create table notify.alert (
  workspace_id     uuid        not null,
  alert_id         uuid        primary key,
  kind             text        not null check (kind in ('threshold', 'anomaly', 'fraud', 'licence', 'overrun', 'unreconciled')),
  subject          text        not null check (length(subject) between 1 and 200),
  window_start     timestamptz not null,
  threshold        text        not null default '',
  level            bigint      not null default 0,
  value            bigint      not null default 0,
  severity         text        not null check (severity in ('info', 'warning', 'critical')),
  title            text        not null check (length(title) <= 200),
  text             text        not null check (length(text) <= 2000),
  -- What the customer may see; the rest is between the operator and the providers.
  for_workspace    boolean     not null,
  raised_at        timestamptz not null,
  seen_at          timestamptz,
  seen_by          text,
  operator_seen_at timestamptz,
  operator_seen_by text,
  constraint once unique (workspace_id, kind, subject, window_start, threshold, level)
);
create index alert_of_workspace on notify.alert (workspace_id, alert_id);
create index fraud_by_time on notify.alert (raised_at) where kind = 'fraud';

alter table notify.alert enable row level security;
create policy own_alerts on notify.alert to purser_app using (workspace_id = base.current_workspace() and for_workspace);
grant select, update (seen_at, seen_by) on notify.alert to purser_app;
create policy all_rows on notify.alert to purser_work using (true);
grant select, insert, update on notify.alert to purser_work;

-- What a workspace spent in an hour: money in the currency it is reported in, or credits. What the platform pays is under its own id.
create table notify.spend (
  workspace_id uuid        not null,
  unit         text        not null,
  hour         timestamptz not null,
  amount       bigint      not null,
  primary key (workspace_id, unit, hour)
);
create index spend_of_hour on notify.spend using brin (hour) with (autosummarize = on);
alter table notify.spend enable row level security;
create policy own_spend on notify.spend to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on notify.spend to purser_work using (true);
grant select, insert, update, delete on notify.spend to purser_work;

-- The most credits there were at once in a billing period: the measure of how far they are used.
create table notify.credit_peak (
  workspace_id uuid        not null,
  key          text        not null,
  window_start timestamptz not null,
  credits      bigint      not null,
  primary key (workspace_id, key, window_start)
);
alter table notify.credit_peak enable row level security;
create policy own_peak on notify.credit_peak to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on notify.credit_peak to purser_work using (true);
grant select, insert, update on notify.credit_peak to purser_work;
