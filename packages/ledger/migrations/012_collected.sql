-- `collected`: money that came in for a subscription, beside `receivable`, which was only agreed. `deferred`: what of it is for a time that has not come.
create or replace function ledger.is_account(p_account text) returns boolean language sql immutable parallel safe as $$
  select p_account in ('cost', 'overrun', 'unreconciled', 'wallet', 'spent', 'expired', 'receivable', 'collected', 'deferred', 'fees',
      'revenue:subscription', 'revenue:pay_as_you_go')
    or p_account ~ '^(payable|granted|spent|revenue:pack|fees:pack):.+$'
$$;
