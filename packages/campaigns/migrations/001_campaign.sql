create schema campaigns;
grant usage on schema campaigns to purser_app, purser_work;

create table campaigns.campaign (
  workspace_id    uuid        not null,
  campaign_id     uuid        primary key,
  subject         text        not null check (length(subject) between 1 and 998),
  html            text,
  plain_text      text        not null,
  sender          text        check (length(sender) between 3 and 400),
  -- What does not fit into a day: `refuse` or `next_day`.
  overflow        text        not null check (overflow in ('refuse', 'next_day')),
  status          text        not null check (status in ('sending', 'sent')),
  -- Who asked for it: whose quotas it counts on.
  actor           text        not null check (length(actor) <= 300),
  end_user        text        check (length(end_user) <= 256),
  -- What signs the links by which its recipients unsubscribe.
  link_key        bytea       not null check (length(link_key) = 32),
  created_at      timestamptz not null,
  ended_at        timestamptz,
  constraint size_within check (octet_length(coalesce(html, '')) + octet_length(plain_text) <= 90000)
);
create index campaign_of_workspace on campaigns.campaign (workspace_id, campaign_id);

-- Whom a campaign is written to, once each: the ledger of what was sent. A recipient is `sending` before anything leaves, and what came of
-- it is written after; whoever is found `sending` by a worker that takes over is `unconfirmed`, and is not written to again.
create table campaigns.recipient (
  workspace_id    uuid        not null,
  campaign_id     uuid        not null references campaigns.campaign (campaign_id) on delete cascade,
  recipient_id    uuid        primary key,
  position        integer     not null check (position >= 0),
  email           text        not null check (length(email) between 3 and 254),
  data            jsonb       not null default '{}',
  state           text        not null check (state in
    ('queued', 'sending', 'accepted', 'delivered', 'bounced', 'complained', 'refused', 'suppressed', 'unconfirmed')),
  reason          text        check (length(reason) <= 300),
  -- How often its message was handed over and not taken.
  deferrals       smallint    not null default 0,
  -- Not before; null: at once.
  due_at          timestamptz,
  transaction_id  uuid,
  provider        text        check (length(provider) <= 60),
  message_id      text        check (length(message_id) <= 300),
  changed_at      timestamptz not null,
  unique (campaign_id, email),
  unique (campaign_id, position),
  constraint sent_by_a_call check (state not in ('sending', 'accepted', 'delivered', 'bounced', 'complained', 'unconfirmed') or transaction_id is not null)
);
create index recipient_waiting on campaigns.recipient (campaign_id, position) where state = 'queued';
create index recipient_in_hand on campaigns.recipient (campaign_id) where state = 'sending';
create index recipient_of_workspace on campaigns.recipient (workspace_id, email);
create index recipient_promised on campaigns.recipient (workspace_id) where state = 'queued';

-- Whom a workspace does not write to.
create table campaigns.suppression (
  workspace_id uuid        not null,
  email        text        not null check (length(email) between 3 and 254 and email = lower(email)),
  reason       text        not null check (reason in ('unsubscribed', 'bounced', 'complained', 'by_hand')),
  created_at   timestamptz not null,
  primary key (workspace_id, email)
);

-- A call of the gate under which messages left. `cost` is null until it is known what it came to.
create table campaigns.dispatch (
  workspace_id   uuid        not null,
  transaction_id uuid        primary key,
  campaign_id    uuid        not null references campaigns.campaign (campaign_id) on delete cascade,
  provider       text        not null,
  cost_each      bigint      not null check (cost_each >= 0),
  cost_unit      text        not null,
  began_at       timestamptz not null,
  cost           bigint      check (cost >= 0)
);
create index dispatch_open on campaigns.dispatch (began_at) where cost is null;
create index dispatch_of_campaign on campaigns.dispatch (campaign_id);

-- The mailbox of an installation that has no carrier: nothing leaves it.
create table campaigns.local_message (
  workspace_id    uuid        not null,
  message_id      uuid        primary key,
  sender          text        not null,
  recipient       text        not null,
  subject         text        not null,
  html            text,
  plain_text      text        not null,
  unsubscribe_url text,
  created_at      timestamptz not null
);
create index local_message_of_workspace on campaigns.local_message (workspace_id, message_id);

-- What an account with a carrier may send, shared by all workers: tokens by the second, and what its 24 hours leave. Times are the
-- database's own.
create table campaigns.send_rate (
  provider   text             primary key,
  per_second double precision not null check (per_second > 0),
  tokens     double precision not null,
  filled_at  timestamptz      not null,
  left_24h   bigint,
  read_at    timestamptz      not null
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['campaign', 'recipient', 'suppression', 'dispatch', 'local_message'] loop
    execute format('alter table campaigns.%I enable row level security', v_table);
    execute format('create policy own_rows on campaigns.%I to purser_app using (workspace_id = base.current_workspace())', v_table);
    execute format('create policy all_rows on campaigns.%I to purser_work using (true)', v_table);
    execute format('grant select, insert, update, delete on campaigns.%I to purser_app, purser_work', v_table);
  end loop;
end $$;
alter table campaigns.send_rate enable row level security;
create policy all_rows on campaigns.send_rate to purser_work using (true);
grant select, insert, update on campaigns.send_rate to purser_work;

-- Takes up to `p_wanted` tokens. `stale`: nobody has asked the account for its quota of late; the one who is told so asks.
-- `wait_ms`: until there is one again; null: until the account's 24 hours leave some.
create function campaigns.take_tokens(p_provider text, p_wanted integer, p_fresh_s integer, out taken integer, out wait_ms integer, out stale boolean)
language plpgsql as $$
declare
  v_now timestamptz := clock_timestamp();
  v campaigns.send_rate;
begin
  taken := 0;
  wait_ms := 0;
  select * into v from campaigns.send_rate where provider = p_provider for update;
  stale := v.provider is null or v.read_at < v_now - make_interval(secs => p_fresh_s);
  if stale then
    -- Others go on by what was known while one asks.
    update campaigns.send_rate set read_at = v_now - make_interval(secs => p_fresh_s - 5) where provider = p_provider;
    return;
  end if;
  v_now := clock_timestamp();
  v.tokens := least(greatest(v.per_second, 1), v.tokens + greatest(0, extract(epoch from v_now - v.filled_at)) * v.per_second);
  taken := least(p_wanted, floor(v.tokens)::integer, coalesce(least(v.left_24h, 1000000)::integer, p_wanted));
  wait_ms := case when coalesce(v.left_24h, 1) <= 0 then null when taken > 0 then 0 else ceil((1 - v.tokens) / v.per_second * 1000)::integer end;
  update campaigns.send_rate set tokens = v.tokens - taken, filled_at = v_now, left_24h = left_24h - taken where provider = p_provider;
end $$;

create function campaigns.set_rate(p_provider text, p_per_second double precision, p_left_24h bigint) returns void
language sql as $$
  insert into campaigns.send_rate as r (provider, per_second, tokens, filled_at, left_24h, read_at)
  values (p_provider, p_per_second, 0, clock_timestamp(), p_left_24h, clock_timestamp())
  on conflict (provider) do update set per_second = excluded.per_second, left_24h = excluded.left_24h, read_at = excluded.read_at
$$;

create function campaigns.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_table text;
  v_rows integer;
begin
  foreach v_table in array array['recipient', 'dispatch', 'local_message', 'suppression', 'sender_day', 'sender_standing', 'campaign'] loop
    execute format('delete from campaigns.%1$I where ctid = any (array(select ctid from campaigns.%1$I where workspace_id = $1 limit $2))', v_table)
      using p_workspace, p_rows_max;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
      return v_rows;
    end if;
  end loop;
  return 0;
end $$;
