-- A fraud flag is about one user, whose name its subject carries: erasing the user finds it, as it finds alerts of the user's own meters.
create or replace function notify.is_of_user(p_key text, p_name text) returns boolean language sql immutable parallel safe as $$
  select p_key ~ '^([a-z_]+_user_day:|credits:member:|credits_hour:)'
    and regexp_replace(p_key, '^([a-z_]+_user_day:|credits:member:|credits_hour:)', '') = p_name
$$;

create or replace function notify.erase_end_user(p_workspace uuid, p_name text) returns integer
language plpgsql as $$
declare
  v_long text[] := array(select '… ' || left(encode(sha256(convert_to(prefix || p_name || ' credit', 'UTF8')), 'hex'), 16)
    from unnest(array['credits:member:', 'credits_hour:']) prefix);
  v_alerts uuid[] := array(select alert_id from notify.alert where workspace_id = p_workspace
    and (notify.is_of_user(regexp_replace(subject, ' [^ ]+$', ''), p_name) or right(subject, 18) = any (v_long)));
  v_rows integer;
begin
  delete from notify.delivery where alert_id = any (v_alerts);
  delete from notify.alert where alert_id = any (v_alerts);
  delete from notify.credit_peak where workspace_id = p_workspace and notify.is_of_user(key, p_name);
  get diagnostics v_rows = row_count;
  return cardinality(v_alerts) + v_rows;
end $$;
