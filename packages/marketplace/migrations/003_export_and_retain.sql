-- Only events that still have their payload are looked at, however many there were.
create index event_with_payload on marketplace.event (received_at) where payload <> '{}';
drop index marketplace.event_by_age;
drop function marketplace.forget_payloads(timestamptz, timestamptz, integer);
create function marketplace.forget_payloads(p_before timestamptz, p_rows_max integer) returns integer language plpgsql as $$
declare
  v_rows integer;
begin
  update marketplace.event set payload = '{}' where ctid = any (array(
    select ctid from marketplace.event where received_at < p_before and payload <> '{}' limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;
