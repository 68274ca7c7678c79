-- The accounts the books know. `spent:<source>` names the grant a credit came from, `fees:pack:<code>` the sale a fee was for.
create function ledger.is_account(p_account text) returns boolean language sql immutable parallel safe as $$
  select p_account in ('cost', 'overrun', 'unreconciled', 'wallet', 'spent', 'expired', 'receivable', 'fees', 'revenue:subscription', 'revenue:pay_as_you_go')
    or p_account ~ '^(payable|granted|spent|revenue:pack|fees:pack):.+$'
$$;

create function ledger.is_unit(p_unit text) returns boolean language sql immutable parallel safe
  as $$ select p_unit = 'credit' or p_unit ~ '^[A-Z]{3}$' $$;

-- What each workspace's postings say, for whoever keeps counters of the same facts. Money is in the reported currency.
create function ledger.totals() returns table (
  workspace_id uuid, unit text, granted numeric, spent numeric, expired numeric, cost numeric, overrun numeric, unreconciled numeric
) language sql stable as $$
  select workspace_id, unit,
    coalesce(sum(value) filter (where debit like 'granted:%'), 0) - coalesce(sum(value) filter (where credit like 'granted:%'), 0),
    coalesce(sum(value) filter (where credit like 'spent%'), 0) - coalesce(sum(value) filter (where debit like 'spent%'), 0),
    coalesce(sum(value) filter (where credit = 'expired'), 0) - coalesce(sum(value) filter (where debit = 'expired'), 0),
    coalesce(sum(value) filter (where debit = 'cost'), 0) - coalesce(sum(value) filter (where credit = 'cost'), 0),
    coalesce(sum(value) filter (where debit = 'overrun'), 0) - coalesce(sum(value) filter (where credit = 'overrun'), 0),
    coalesce(sum(value) filter (where debit = 'unreconciled'), 0) - coalesce(sum(value) filter (where credit = 'unreconciled'), 0)
  from (select workspace_id, coalesce(reported_unit, unit) as unit, debit, credit, sum(coalesce(reported, amount)) as value
        from ledger.posting group by 1, 2, 3, 4) p
  group by 1, 2
$$;

-- Whether the guards of an append-only table are as they were made; one row for each that is not.
-- `p_refused` are the privileges that the tenant role must not have on it.
create function ledger.broken_guards(p_table regclass, p_refused text[]) returns table (guard text) language sql stable as $$
  select format('%s: the append-only trigger is missing or disabled', p_table)
  where not exists (
    select 1 from pg_trigger
    where tgrelid = p_table and tgname = 'append_only' and tgenabled = 'A' and tgfoid = 'ledger.refuse_change'::regproc
      and tgtype = 2 | 8 | 16 | 32) -- before delete, update or truncate, for each statement
  union all
  select format('%s: row-level security is off', p_table)
  from pg_class where oid = p_table and not relrowsecurity
  union all
  select format('%s: purser_app may %s', p_table, privilege)
  from unnest(p_refused) privilege
  where has_table_privilege('purser_app', p_table, privilege)
  union all
  select format('%s: purser_work may %s', p_table, privilege)
  from unnest(array['update', 'delete', 'truncate', 'references', 'trigger']) privilege
  where has_table_privilege('purser_work', p_table, privilege)
  union all
  select format('%s: %s owns it', p_table, relowner::regrole)
  from pg_class where oid = p_table and relowner::regrole::text in ('purser_app', 'purser_work')
  union all
  select format('%s: %s bypasses row-level security', p_table, rolname)
  from pg_roles where rolname in ('purser_app', 'purser_work') and (rolsuper or rolbypassrls)
$$;

-- Checks all postings against the rules of the books and the daily sums against the postings, in one snapshot and one
-- scan. The row 'entries' counts the postings; every other row is a mismatch.
create function ledger.verify() returns table (kind text, detail text) language sql stable as $$
  with book as materialized (
    select (p.posted_at at time zone 'UTC')::date as day, p.plan, p.debit, p.credit, p.unit, p.reported_unit,
      (p.xid, p.id) <= (a.xid, a.id) as by_account, (p.xid, p.id) <= (m.xid, m.id) as by_margin, count(*) as postings, sum(p.amount) as amount, coalesce(sum(p.reported), 0) as reported,
      count(*) filter (where p.amount <= 0 or p.debit = p.credit or p.reported < 0 or (p.reported is null) <> (p.reported_unit is null)) as bad,
      sum(coalesce(p.reported, p.amount)) as value, max(p.xid) as newest
    from ledger.posting p, ledger.rollup_position a, ledger.rollup_position m
    where a.name = 'account' and m.name = 'margin'
    group by 1, 2, 3, 4, 5, 6, 7, 8),
  kept as (select day, plan, debit, credit, unit, reported_unit, postings, amount, reported from ledger.rollup_account_daily),
  expected_margin as (
    select day, plan, ledger.pack_of(debit, credit) as pack, coalesce(reported_unit, unit) as unit,
      sum(value * ledger.revenue_sign(debit, credit)) as revenue, sum(value * ledger.fees_sign(debit, credit)) as fees,
      sum(value * ledger.cost_sign(debit, credit)) as cost,
      sum(case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) as spent
    from book where by_margin group by 1, 2, 3, 4),
  kept_margin as (
    select day, plan, pack, unit, sum(revenue) as revenue, sum(fees) as fees, sum(cost) as cost, sum(spent) as spent
    from ledger.rollup_margin_daily group by 1, 2, 3, 4)
  select 'entries', coalesce(sum(postings), 0)::text from book
  union all
  select 'posting', format('%s postings debit %s, credit %s on %s break a rule of the books', bad, debit, credit, day)
  from book where bad > 0
  union all
  select 'posting', format('a posting bears transaction %s, which has not been', max(newest))
  from book having max(newest) >= ledger.next_transaction_number()
  union all
  select 'account', format('unknown account %s in %s postings', account, sum(postings))
  from (select debit as account, postings from book union all select credit, postings from book) side
  where not ledger.is_account(account) group by account
  union all
  select 'unit', format('unknown unit %s in %s postings', u, sum(postings))
  from (select unit as u, postings from book union all select reported_unit, postings from book where reported_unit is not null) side
  where not ledger.is_unit(u) group by u
  union all
  select 'sum', format('the daily sums of %s, plan %s, debit %s, credit %s, %s are not those of the postings', day, plan, debit, credit, unit)
  from (select day, plan, debit, credit, unit, reported_unit, sum(postings) as postings, sum(amount) as amount, sum(reported) as reported
        from (select day, plan, debit, credit, unit, reported_unit, postings, amount, reported from book where by_account
              union all
              select day, plan, debit, credit, unit, reported_unit, -postings, -amount, -reported from kept) both_sides
        group by 1, 2, 3, 4, 5, 6) difference
  where postings <> 0 or amount <> 0 or reported <> 0
  union all
  select 'sum', format('the daily margin of %s, plan %s, pack %s, %s is not that of the postings', day, plan, pack, unit)
  from (select day, plan, pack, unit, sum(revenue) as revenue, sum(fees) as fees, sum(cost) as cost, sum(spent) as spent
        from (select day, plan, pack, unit, revenue, fees, cost, spent from expected_margin
              union all
              select day, plan, pack, unit, -revenue, -fees, -cost, -spent from kept_margin) both_sides
        group by 1, 2, 3, 4) difference
  where revenue <> 0 or fees <> 0 or cost <> 0 or spent <> 0
$$;
