-- The highest transaction number that the trail or the books go to; null when both are empty.
create function audit.newest_transaction_number() returns bigint language sql stable as $$
  select greatest(ledger.newest_transaction_number(), (select max(xid) from audit.entry), (select max(through_xid) from audit.block_part))
$$;

-- After a restore into another cluster: lifts the counter above trail and books. True when there was something to lift.
create function audit.adopt_restored() returns boolean language plpgsql as $$
begin
  if coalesce(audit.newest_transaction_number() < ledger.next_transaction_number(), true) then return false; end if;
  lock table audit.entry, audit.block in share row exclusive mode;
  perform ledger.lift_transaction_numbers(audit.newest_transaction_number());
  return true;
end $$;
