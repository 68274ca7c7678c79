-- How a workspace sends: by day (UTC) how many messages carriers have taken, how many bounced for good, and of how many was complained.
create table campaigns.sender_day (
  workspace_id uuid    not null,
  day          date    not null,
  sent         integer not null default 0 check (sent >= 0),
  bounced      integer not null default 0 check (bounced >= 0),
  complained   integer not null default 0 check (complained >= 0),
  primary key (workspace_id, day)
);
create index sender_day_age on campaigns.sender_day (day);

-- Workspaces of which too much bounces or is complained of. One that is stopped sends nothing.
create table campaigns.sender_standing (
  workspace_id uuid        primary key,
  level        text        not null check (level in ('warned', 'stopped')),
  reason       text        not null check (reason in ('bounces', 'complaints')),
  since        timestamptz not null
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['sender_day', 'sender_standing'] loop
    execute format('alter table campaigns.%I enable row level security', v_table);
    execute format('create policy own_rows on campaigns.%I to purser_app using (workspace_id = base.current_workspace())', v_table);
    execute format('create policy all_rows on campaigns.%I to purser_work using (true)', v_table);
    execute format('grant select, insert, update, delete on campaigns.%I to purser_work', v_table);
  end loop;
end $$;
grant select, insert, update on campaigns.sender_day to purser_app;
grant select on campaigns.sender_standing to purser_app;

create function campaigns.count_sender(p_workspace uuid, p_day date, p_sent integer, p_bounced integer, p_complained integer) returns void
language sql as $$
  insert into campaigns.sender_day as d (workspace_id, day, sent, bounced, complained) values (p_workspace, p_day, p_sent, p_bounced, p_complained)
  on conflict (workspace_id, day) do update set
    sent = d.sent + excluded.sent, bounced = d.bounced + excluded.bounced, complained = d.complained + excluded.complained
$$;
