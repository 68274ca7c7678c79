-- A campaign from its draft to its end. A text part that nobody wrote is made of the HTML when it is sent.
alter table campaigns.campaign drop constraint campaign_status_check;
alter table campaigns.campaign drop constraint size_within;
alter table campaigns.campaign alter column plain_text drop not null;
alter table campaigns.campaign add constraint campaign_status_check
  check (status in ('draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled'));
alter table campaigns.campaign add constraint size_within
  check (octet_length(coalesce(html, '')) + octet_length(coalesce(plain_text, '')) <= 90000);
alter table campaigns.campaign add constraint something_to_send
  check (status in ('draft', 'cancelled') or html is not null or plain_text is not null);
alter table campaigns.campaign add column name text check (length(name) between 1 and 200);
alter table campaigns.campaign add column scheduled_at timestamptz;
-- Nobody of it is written to before: a quota, or a carrier, takes no more until then. Null: at once.
alter table campaigns.campaign add column due_at timestamptz;
-- Why whoever still waits is being refused, some thousands at a time; null: nobody is.
alter table campaigns.campaign add column refusing text check (length(refusing) <= 300);
alter table campaigns.campaign add constraint scheduled_has_time check (status <> 'scheduled' or scheduled_at is not null);

drop index campaigns.campaign_under_way;
create index campaign_under_way on campaigns.campaign (campaign_id) where status in ('scheduled', 'sending');
create index campaign_refusing on campaigns.campaign (campaign_id) where refusing is not null;
create index campaign_open on campaigns.campaign (workspace_id, status) where status in ('draft', 'scheduled', 'sending', 'paused');

-- Due from when it was added, or, when no carrier took it, from when it is tried again: so that those who are due are found by the index,
-- however many wait.
update campaigns.recipient set due_at = changed_at where due_at is null;
alter table campaigns.recipient alter column due_at set not null;
alter table campaigns.recipient drop constraint recipient_campaign_id_position_key;
drop index campaigns.recipient_waiting;
create index recipient_waiting on campaigns.recipient (campaign_id, due_at, position) where state = 'queued';
drop index campaigns.recipient_promised;

-- How many recipients of a campaign are in each state, kept by the statements that change them: a million are not counted anew for each slice.
create table campaigns.recipient_count (
  workspace_id uuid    not null,
  campaign_id  uuid    primary key references campaigns.campaign (campaign_id) on delete cascade,
  queued       integer not null default 0 check (queued >= 0),
  sending      integer not null default 0 check (sending >= 0),
  accepted     integer not null default 0 check (accepted >= 0),
  delivered    integer not null default 0 check (delivered >= 0),
  bounced      integer not null default 0 check (bounced >= 0),
  complained   integer not null default 0 check (complained >= 0),
  refused      integer not null default 0 check (refused >= 0),
  suppressed   integer not null default 0 check (suppressed >= 0),
  unconfirmed  integer not null default 0 check (unconfirmed >= 0)
) with (fillfactor = 50);
create index recipient_count_of_workspace on campaigns.recipient_count (workspace_id);
alter table campaigns.recipient_count enable row level security;
create policy own_rows on campaigns.recipient_count to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on campaigns.recipient_count to purser_work using (true);
grant select, insert, update, delete on campaigns.recipient_count to purser_app, purser_work;

create function campaigns.begin_count() returns trigger
language plpgsql as $$
begin
  insert into campaigns.recipient_count (workspace_id, campaign_id) values (new.workspace_id, new.campaign_id);
  return null;
end $$;
create trigger begin_count after insert on campaigns.campaign for each row execute function campaigns.begin_count();

-- `p_changes`: by campaign and state, how many came or went.
create function campaigns.count_changes(p_campaigns uuid[], p_states text[], p_counts integer[]) returns void
language sql as $$
  update campaigns.recipient_count n set
    queued = n.queued + c.queued, sending = n.sending + c.sending, accepted = n.accepted + c.accepted,
    delivered = n.delivered + c.delivered, bounced = n.bounced + c.bounced, complained = n.complained + c.complained,
    refused = n.refused + c.refused, suppressed = n.suppressed + c.suppressed, unconfirmed = n.unconfirmed + c.unconfirmed
  from (
    select campaign_id,
      coalesce(sum(count) filter (where state = 'queued'), 0)::integer as queued,
      coalesce(sum(count) filter (where state = 'sending'), 0)::integer as sending,
      coalesce(sum(count) filter (where state = 'accepted'), 0)::integer as accepted,
      coalesce(sum(count) filter (where state = 'delivered'), 0)::integer as delivered,
      coalesce(sum(count) filter (where state = 'bounced'), 0)::integer as bounced,
      coalesce(sum(count) filter (where state = 'complained'), 0)::integer as complained,
      coalesce(sum(count) filter (where state = 'refused'), 0)::integer as refused,
      coalesce(sum(count) filter (where state = 'suppressed'), 0)::integer as suppressed,
      coalesce(sum(count) filter (where state = 'unconfirmed'), 0)::integer as unconfirmed
    from unnest(p_campaigns, p_states, p_counts) as u (campaign_id, state, count) group by campaign_id
  ) c where n.campaign_id = c.campaign_id
$$;

create function campaigns.count_recipients() returns trigger
language plpgsql as $$
declare
  v_campaigns uuid[];
  v_states text[];
  v_counts integer[];
begin
  if tg_op = 'INSERT' then
    select array_agg(campaign_id), array_agg(state), array_agg(count) into v_campaigns, v_states, v_counts
    from (select campaign_id, state, count(*)::integer as count from after_rows group by 1, 2) a;
  elsif tg_op = 'DELETE' then
    select array_agg(campaign_id), array_agg(state), array_agg(count) into v_campaigns, v_states, v_counts
    from (select campaign_id, state, -count(*)::integer as count from before_rows group by 1, 2) b;
  else
    select array_agg(campaign_id), array_agg(state), array_agg(count) into v_campaigns, v_states, v_counts
    from (
      select campaign_id, state, sum(count)::integer as count
      from (select campaign_id, state, 1 as count from after_rows union all select campaign_id, state, -1 from before_rows) e
      group by 1, 2 having sum(count) <> 0) c;
  end if;
  if v_campaigns is not null then
    perform campaigns.count_changes(v_campaigns, v_states, v_counts);
  end if;
  return null;
end $$;
create trigger count_added after insert on campaigns.recipient referencing new table as after_rows
  for each statement execute function campaigns.count_recipients();
create trigger count_changed after update on campaigns.recipient referencing old table as before_rows new table as after_rows
  for each statement execute function campaigns.count_recipients();
create trigger count_removed after delete on campaigns.recipient referencing old table as before_rows
  for each statement execute function campaigns.count_recipients();

insert into campaigns.recipient_count (workspace_id, campaign_id) select workspace_id, campaign_id from campaigns.campaign;
do $$
declare
  v record;
begin
  for v in select campaign_id, state, count(*)::integer as count from campaigns.recipient group by 1, 2 loop
    perform campaigns.count_changes(array[v.campaign_id], array[v.state], array[v.count]);
  end loop;
end $$;

create or replace function campaigns.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_table text;
  v_rows integer;
begin
  foreach v_table in array array['recipient', 'dispatch', 'local_message', 'suppression', 'recipient_count', 'campaign'] loop
    execute format('delete from campaigns.%1$I where ctid = any (array(select ctid from campaigns.%1$I where workspace_id = $1 limit $2))', v_table)
      using p_workspace, p_rows_max;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
      return v_rows;
    end if;
  end loop;
  return 0;
end $$;
