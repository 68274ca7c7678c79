-- What a workspace (the platform: the operator) wants to be told, and how often at most.
create table notify.setting (
  workspace_id   uuid     primary key,
  -- Shares by meter key, `*` for all others; what is absent is the catalogue's.
  thresholds     jsonb    not null default '{}' check (jsonb_typeof(thresholds) = 'object'),
  messages_max   smallint not null default 5 check (messages_max between 1 and 100),
  within_minutes smallint not null default 10 check (within_minutes between 1 and 1440)
);

create table notify.channel (
  workspace_id uuid        not null,
  channel_id   uuid        primary key,
  kind         text        not null check (kind in ('email', 'webhook', 'slack')),
  address      text        not null check (length(address) between 3 and 2000),
  -- What webhooks are signed with.
  secret       text,
  -- Null: every kind of alert.
  kinds        text[],
  created_at   timestamptz not null,
  removed_at   timestamptz,
  -- It has had as many messages as it wants; what waits for it is not looked at before.
  quiet_until  timestamptz,
  constraint webhooks_are_signed check ((kind = 'webhook') = (secret is not null))
);
create unique index channel_once on notify.channel (workspace_id, kind, address) where removed_at is null;

-- What goes out: one alert, or several as a digest. Its id is the same at every attempt.
create table notify.message (
  workspace_id uuid        not null,
  message_id   uuid        primary key,
  channel_id   uuid        not null references notify.channel (channel_id),
  state        text        not null default 'due' check (state in ('due', 'delivered', 'dead', 'dropped')),
  attempts     smallint    not null default 0,
  due_at       timestamptz not null,
  -- Somebody is sending it until then; after a kill it is anybody's again.
  leased_until timestamptz,
  created_at   timestamptz not null,
  ended_at     timestamptz,
  error        text
);
create index message_due on notify.message (due_at) where state = 'due';
create index message_of_channel on notify.message (channel_id, created_at);
create index message_dead on notify.message (message_id) where state = 'dead';

-- An alert goes to a channel once. Without a message it waits to be gathered.
create table notify.delivery (
  workspace_id uuid        not null,
  channel_id   uuid        not null references notify.channel (channel_id),
  alert_id     uuid        not null references notify.alert (alert_id),
  message_id   uuid        references notify.message (message_id),
  primary key (channel_id, alert_id)
);
create index delivery_waiting on notify.delivery (channel_id, alert_id) where message_id is null;
create index delivery_of_message on notify.delivery (message_id);

alter table notify.setting enable row level security;
alter table notify.channel enable row level security;
alter table notify.message enable row level security;
alter table notify.delivery enable row level security;
create policy own_setting on notify.setting to purser_app using (workspace_id = base.current_workspace());
create policy own_channels on notify.channel to purser_app using (workspace_id = base.current_workspace());
create policy own_messages on notify.message to purser_app using (workspace_id = base.current_workspace());
create policy own_deliveries on notify.delivery to purser_app using (workspace_id = base.current_workspace());
grant select, insert, update on notify.setting to purser_app;
grant select, insert, update (kinds, removed_at, quiet_until) on notify.channel to purser_app;
grant select, update (state, ended_at) on notify.message to purser_app;
create policy all_rows on notify.setting to purser_work using (true);
create policy all_rows on notify.channel to purser_work using (true);
create policy all_rows on notify.message to purser_work using (true);
create policy all_rows on notify.delivery to purser_work using (true);
grant select, insert, update on notify.setting, notify.channel, notify.message to purser_work;
grant select, insert, update, delete on notify.delivery to purser_work;
