-- What the calls to a provider came to by day (UTC) and model, as they were booked, for comparison with what it bills.
create function ledger.attempt_costs(p_provider text, p_from timestamptz, p_to timestamptz) returns table (
  day date, model text, unit text, attempts bigint, cost bigint
) language sql stable as $$
  select (started_at at time zone 'UTC')::date, model, cost_unit, count(*), sum(cost)::bigint
  from ledger.attempt
  where provider = p_provider and started_at >= p_from and started_at < p_to and cost is not null
  group by 1, 2, 3
$$;

-- What became known later of holds that had ended without anybody knowing their cost.
create function ledger.resolved_costs(p_holds uuid[]) returns table (hold_id uuid, cost bigint) language sql stable as $$
  select p.hold_id, sum(p.amount)::bigint from ledger.posting p
  where p.hold_id = any (p_holds) and (p.debit = 'cost' and p.credit = 'unreconciled' or p.debit = 'overrun' and p.credit like 'payable:%')
  group by 1
$$;

-- The provider's own ids of the calls under these holds.
create function ledger.request_ids(p_holds uuid[]) returns table (hold_id uuid, request_id text) language sql stable as $$
  select a.hold_id, a.request_id from ledger.attempt a where a.hold_id = any (p_holds) and a.request_id is not null
$$;
