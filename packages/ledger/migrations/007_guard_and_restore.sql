-- Rooms above guard their append-only tables with it too, so it names the schema it is asked about.
create or replace function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

-- The highest transaction number in the books; null when they are empty.
create function ledger.newest_transaction_number() returns bigint language sql stable as $$
  select greatest((select max(xid) from ledger.posting), (select max(xid) from ledger.attempt), (select max(xid) from ledger.rollup_position))
$$;

-- Lifts the numbers of all transactions to come above `p_above` and above whatever is in the books: what a dump restored into
-- another cluster needs, whose counter is lower. It waits for the writers of the books and lets none in until it is done.
create function ledger.lift_transaction_numbers(p_above bigint) returns void language plpgsql as $$
declare
  -- Transactions that have their number and wait for this one stay above too.
  c_room constant bigint := 1000000;
  v_offset bigint;
begin
  lock table ledger.posting, ledger.attempt in share row exclusive mode;
  v_offset := greatest(p_above, ledger.newest_transaction_number()) - pg_current_xact_id()::text::bigint + c_room;
  if v_offset <= ledger.transaction_offset() then return; end if;
  execute format(
    'create or replace function ledger.transaction_offset() returns bigint language sql stable parallel safe as $body$ select %s::bigint $body$',
    v_offset);
end $$;
