-- Whoever was called, by what is rolled up.
create function ledger.called_providers() returns setof text language sql stable as $$
  select distinct provider from ledger.rollup_attempt_daily
$$;
