-- `collected`: money that came in for a subscription, beside `receivable`, which was only agreed. `deferred`: what of it is for a time that has not come.
create or replace function ledger.is_account(p_account text) returns boolean language sql immutable parallel safe as $$
  select p_account in ('cost', 'overrun', 'unreconciled', 'wallet', 'spent', 'expired', 'receivable', 'collected', 'deferred', 'fees',
      'revenue:subscription', 'revenue:pay_as_you_go')
    or p_account ~ '^(payable|granted|spent|revenue:pack|fees:pack):.+$'
$$;

-- The latest period of a workspace whose price is booked; null: none.
create function ledger.last_period(p_workspace uuid) returns timestamptz language sql stable as $$
  select max(period_start) from ledger.period where workspace_id = p_workspace
$$;
