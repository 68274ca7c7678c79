-- The chart of accounts: which account is debited against which, in credits or in money. It is everything that is posted; anything else
-- fails. A pair that is turned round is a refund or a correction. `<…>` stands for any name.
create function ledger.chart_of_accounts() returns table (debit text, credit text, unit text, stands_for text)
language sql immutable parallel safe as $$
  select c.debit, c.credit, c.unit, c.stands_for from (values
    ('cost', 'payable:<provider>', 'money', 'what a provider billed for a call, or more than its calls were booked at'),
    ('payable:<provider>', 'cost', 'money', 'what a provider billed less than its calls were booked at'),
    ('overrun', 'payable:<provider>', 'money', 'what a call cost beyond its hold'),
    ('unreconciled', 'payable:<provider>', 'money', 'what a provider may have billed, until someone knows'),
    ('cost', 'unreconciled', 'money', 'of that, what was real'),
    ('payable:<provider>', 'unreconciled', 'money', 'of that, what was not'),
    ('receivable', 'revenue:subscription', 'money', 'the price of a month, as agreed'),
    ('revenue:subscription', 'receivable', 'money', 'taken back'),
    ('receivable', 'revenue:pay_as_you_go', 'money', 'credits sold one by one, as invoiced'),
    ('revenue:pay_as_you_go', 'receivable', 'money', 'taken back'),
    ('receivable', 'revenue:pack:<code>', 'money', 'a pack that was paid'),
    ('revenue:pack:<code>', 'receivable', 'money', 'a pack that was refunded'),
    ('receivable', 'payable:tax', 'money', 'tax on it, owed to the state'),
    ('payable:tax', 'receivable', 'money', 'taken back'),
    ('collected', 'revenue:subscription', 'money', 'collected for a time that has come'),
    ('revenue:subscription', 'collected', 'money', 'refunded of it'),
    ('collected', 'deferred', 'money', 'collected for a time that will come'),
    ('deferred', 'collected', 'money', 'refunded of it'),
    ('deferred', 'revenue:subscription', 'money', 'the time has come'),
    ('revenue:subscription', 'deferred', 'money', 'it has been put off'),
    ('collected', 'payable:tax', 'money', 'tax on it, owed to the state'),
    ('payable:tax', 'collected', 'money', 'taken back'),
    ('fees', 'payable:payments', 'money', 'what the payment provider keeps of subscriptions'),
    ('payable:payments', 'fees', 'money', 'given back'),
    ('fees:pack:<code>', 'payable:payments', 'money', 'what the payment provider keeps of a pack'),
    ('payable:payments', 'fees:pack:<code>', 'money', 'given back'),
    ('granted:<source>', 'wallet', 'credits', 'credits that were granted'),
    ('wallet', 'spent', 'credits', 'credits that a call spent'),
    ('wallet', 'spent:<source>', 'credits', 'the same, of a grant that is named'),
    ('wallet', 'expired', 'credits', 'credits that lapsed, or were taken back')
  ) c (debit, credit, unit, stands_for)
$$;

-- Refuses what is not in the chart, of all rows of a statement at once: a check of the table would be read and prepared anew by every
-- statement that writes, which costs more than the rows. It is written from the chart, so that one cannot differ from the other.
do $body$
declare
  c_kind constant text := $$case when %1$s in ('payable:tax', 'payable:payments') then %1$s
    when %1$s like 'payable:_%%' then 'payable:<provider>' when %1$s like 'granted:_%%' then 'granted:<source>'
    when %1$s like 'spent:_%%' then 'spent:<source>' when %1$s like 'revenue:pack:_%%' then 'revenue:pack:<code>'
    when %1$s like 'fees:pack:_%%' then 'fees:pack:<code>' else %1$s end$$;
begin
  execute format(
    $make$create function ledger.refuse_off_chart() returns trigger language plpgsql as $function$
      declare
        v_posting text;
      begin
        select format('%%s ← %%s in %%s', a.debit, a.credit, a.unit) into v_posting from added a
        where ((%s) || ' < ' || (%s) || case when a.unit = 'credit' then ' in credits' else ' in money' end) <> all (%L::text[])
        limit 1;
        if found then
          raise exception '%% is not in the chart of accounts', v_posting using errcode = 'check_violation';
        end if;
        return null;
      end $function$ $make$,
    format(c_kind, 'a.debit'), format(c_kind, 'a.credit'),
    (select array_agg(debit || ' < ' || credit || ' in ' || unit) from ledger.chart_of_accounts()));
end $body$;
create trigger in_chart_of_accounts after insert on ledger.posting referencing new table as added
  for each statement execute function ledger.refuse_off_chart();
alter table ledger.posting enable always trigger in_chart_of_accounts;
