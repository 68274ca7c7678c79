-- Erasure of a workspace: its channels (addresses, webhooks and their secrets), alerts, messages and figures of what is usual for it. None of
-- it is needed once nobody is there to be told. Returns how many rows went; none: nothing is left.
create function notify.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer := 0;
begin
  delete from notify.delivery where ctid = any (array(select ctid from notify.delivery where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  -- What they refer to goes when they are gone.
  if v_rows > 0 then return v_rows; end if;
  delete from notify.message where ctid = any (array(select ctid from notify.message where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.alert where ctid = any (array(select ctid from notify.alert where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.spend where ctid = any (array(select ctid from notify.spend where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  if v_total > 0 then return v_total; end if;
  delete from notify.channel where workspace_id = p_workspace;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.credit_peak where workspace_id = p_workspace;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.setting where workspace_id = p_workspace;
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

-- Alerts about one end user's own limit.
create function notify.erase_end_user(p_workspace uuid, p_name text) returns integer
language plpgsql as $$
declare
  v_alerts uuid[] := array(select alert_id from notify.alert where workspace_id = p_workspace and right(subject, length(p_name) + 1) = ':' || p_name);
  v_rows integer;
begin
  delete from notify.delivery where alert_id = any (v_alerts);
  delete from notify.alert where alert_id = any (v_alerts);
  delete from notify.credit_peak where workspace_id = p_workspace and right(key, length(p_name) + 1) = ':' || p_name;
  get diagnostics v_rows = row_count;
  return cardinality(v_alerts) + v_rows;
end $$;

-- Mailboxes that alerts were sent to, of whichever workspace: a person's own is forgotten with the person.
create function notify.erase_address(p_email text) returns integer language plpgsql as $$
declare
  v_channels uuid[] := array(select channel_id from notify.channel where kind = 'email' and lower(address) = lower(p_email));
begin
  delete from notify.delivery where channel_id = any (v_channels);
  delete from notify.message where channel_id = any (v_channels);
  delete from notify.channel where channel_id = any (v_channels);
  return cardinality(v_channels);
end $$;

-- Messages that were delivered or given up have their time, and so have channels that were removed and alerts that were seen long ago.
create function notify.forget(p_before timestamptz, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_messages uuid[] := array(
    select message_id from notify.message where ended_at < p_before and state <> 'due' limit p_rows_max for update skip locked);
  v_channels uuid[] := array(
    select channel_id from notify.channel c where removed_at < p_before
      and not exists (select from notify.message m where m.channel_id = c.channel_id and m.message_id <> all (v_messages)) limit p_rows_max);
  v_alerts uuid[] := array(
    select alert_id from notify.alert a where raised_at < p_before
      and not exists (select from notify.delivery d where d.alert_id = a.alert_id and (d.message_id is null or d.message_id <> all (v_messages)))
    limit p_rows_max for update skip locked);
begin
  delete from notify.delivery where message_id = any (v_messages) or channel_id = any (v_channels) or alert_id = any (v_alerts);
  delete from notify.message where message_id = any (v_messages);
  delete from notify.channel where channel_id = any (v_channels);
  delete from notify.alert where alert_id = any (v_alerts);
  return cardinality(v_messages) + cardinality(v_channels) + cardinality(v_alerts);
end $$;

grant delete on notify.alert, notify.message, notify.channel, notify.setting, notify.credit_peak to purser_work;
