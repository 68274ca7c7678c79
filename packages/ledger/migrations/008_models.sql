-- Daily sums by model: what it cost, which credits were charged for it, how often it was called. A posting knows no model: it is
-- that of the provider calls that were recorded with it, in the same transaction, for the same hold. So a step takes whole
-- transactions.
alter table ledger.rollup_position drop constraint rollup_position_name_check;
alter table ledger.rollup_position add constraint rollup_position_name_check check (name in ('account', 'margin', 'model'));
insert into ledger.rollup_position (name, xid, id) values ('model', -9223372036854775808, -9223372036854775808);

create table ledger.rollup_model_daily (
  day      date    not null,
  plan     text,
  -- Null: postings without a call, such as a doubt that nobody has resolved.
  provider text,
  model    text,
  -- The currency that is reported, or `credit`.
  unit     text    not null,
  cost     numeric not null,
  spent    numeric not null
);
create unique index rollup_model_daily_key on ledger.rollup_model_daily (day, plan, provider, model, unit) nulls not distinct;

create table ledger.rollup_attempt_daily (
  day         date   not null,
  provider    text   not null,
  model       text   not null,
  operation   text   not null,
  outcome     text   not null,
  attempts    bigint not null,
  duration_ms bigint not null,
  primary key (day, provider, model, operation, outcome)
);

grant select, insert, update on ledger.rollup_model_daily, ledger.rollup_attempt_daily to purser_work;

-- The postings of the transactions in (p_after, p_through] by model. A hold's cost is shared among its calls by what each cost,
-- and the last one, which served, bears what is left over; its credits were charged for the one that served.
-- The span is known only when it is called: a plan made without it takes it for large, reads whole tables and compiles itself.
create function ledger.model_lines(p_after bigint, p_through bigint) returns table (
  day date, plan text, provider text, model text, unit text, cost numeric, spent numeric
) language sql stable set enable_seqscan = off set jit = off as $$
  with call as (
    select hold_id, provider, model, coalesce(cost, 0)::numeric as weight,
      sum(coalesce(cost, 0)) over (partition by hold_id)::numeric as total,
      row_number() over (partition by hold_id order by ordinal desc, id desc) = 1 as served
    from ledger.attempt where xid > p_after and xid <= p_through
  ), booked as (
    select hold_id, (posted_at at time zone 'UTC')::date as day, plan, coalesce(reported_unit, l.unit) as unit,
      sum(coalesce(reported, amount) * ledger.cost_sign(debit, credit)) as cost,
      sum(case when l.unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) as spent
    from ledger.posting l where xid > p_after and xid <= p_through
    group by 1, 2, 3, 4
    having sum(coalesce(reported, amount) * ledger.cost_sign(debit, credit)) <> 0
      or sum(case when l.unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) <> 0
  ), part as (
    select b.*, c.provider, c.model, c.served, case when c.total > 0 and not c.served then div(b.cost * c.weight, c.total) else 0 end as part
    from booked b left join call c on c.hold_id = b.hold_id
  ), shared as (
    select day, plan, provider, model, unit,
      case when served is not false then cost - sum(part) over (partition by hold_id, day, plan, unit) else part end as cost,
      case when served is not false then spent else 0 end as spent
    from part
  )
  select day, plan, provider, model, unit, sum(cost), sum(spent) from shared group by 1, 2, 3, 4, 5
$$;

create function ledger.attempt_sums(p_after bigint, p_through bigint) returns table (
  day date, provider text, model text, operation text, outcome text, attempts bigint, duration_ms bigint
) language sql stable set enable_seqscan = off set jit = off as $$
  select (started_at at time zone 'UTC')::date, provider, model, operation, outcome, count(*), sum(duration_ms)
  from ledger.attempt where xid > p_after and xid <= p_through
  group by 1, 2, 3, 4, 5
$$;

-- Adds the next whole transactions to the sums by model, about `p_rows_max` postings of them. Returns how many postings, or
-- `p_rows_max` when there may be more. As `roll_up_accounts`.
create function ledger.roll_up_models(p_rows_max integer) returns integer language plpgsql
set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  v_after   bigint;
  v_horizon constant bigint := ledger.horizon();
  v_first   bigint;
  v_cut     bigint;
  v_through bigint;
  v_rows    integer;
begin
  select xid into v_after from ledger.rollup_position where name = 'model' for update skip locked;
  if not found then return 0; end if;
  if v_after >= ledger.next_transaction_number() then
    raise exception 'the books go to transaction %, beyond the counter of this database: it was restored from a dump and must be adopted first', v_after;
  end if;
  select min(n.xid), count(*), max(n.xid) into v_first, v_rows, v_cut
  from (select p.xid from ledger.posting p where p.xid > v_after and p.xid < v_horizon order by p.xid, p.id limit p_rows_max) n;
  if v_rows = p_rows_max then
    v_through := case when v_cut > v_first then v_cut - 1 else v_cut end;
  else
    v_through := greatest(
      (select p.xid from ledger.posting p where p.xid < v_horizon order by p.xid desc limit 1),
      (select a.xid from ledger.attempt a where a.xid < v_horizon order by a.xid desc limit 1));
    if v_through is null or v_through <= v_after then return 0; end if;
  end if;

  insert into ledger.rollup_model_daily as r (day, plan, provider, model, unit, cost, spent)
  select day, plan, provider, model, unit, cost, spent from ledger.model_lines(v_after, v_through)
  on conflict (day, plan, provider, model, unit) do update set cost = r.cost + excluded.cost, spent = r.spent + excluded.spent;
  insert into ledger.rollup_attempt_daily as r (day, provider, model, operation, outcome, attempts, duration_ms)
  select day, provider, model, operation, outcome, attempts, duration_ms from ledger.attempt_sums(v_after, v_through)
  on conflict (day, provider, model, operation, outcome) do update set
    attempts = r.attempts + excluded.attempts, duration_ms = r.duration_ms + excluded.duration_ms;
  update ledger.rollup_position set xid = v_through, id = 9223372036854775807 where name = 'model';
  return v_rows;
end $$;

-- Checks the sums by model against the postings and the calls they were made of, in one snapshot; a row for each day that is wrong.
create function ledger.verify_models() returns table (kind text, detail text) language sql stable as $$
  with book as (
    select (posted_at at time zone 'UTC')::date as day, plan, debit, credit, p.unit, reported_unit, sum(amount) as amount,
      sum(coalesce(reported, amount)) as value
    from ledger.posting p where xid <= (select r.xid from ledger.rollup_position r where r.name = 'model')
    group by 1, 2, 3, 4, 5, 6
  ), called as (
    select (started_at at time zone 'UTC')::date as day, provider, model, count(*) as attempts
    from ledger.attempt where xid <= (select r.xid from ledger.rollup_position r where r.name = 'model')
    group by 1, 2, 3
  )
  select 'sum', format('the daily sums by model of %s, plan %s, %s are not those of the postings', day, plan, unit)
  from (
    select day, plan, coalesce(reported_unit, unit) as unit, value * ledger.cost_sign(debit, credit) as cost,
      case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end as spent
    from book
    union all
    select day, plan, unit, -cost, -spent from ledger.rollup_model_daily) both_sides
  group by day, plan, unit having sum(cost) <> 0 or sum(spent) <> 0
  union all
  select 'sum', format('%s calls of %s by %s/%s are in the daily sums, %s were recorded', sum(kept), day, provider, model, sum(recorded))
  from (
    select day, provider, model, 0 as kept, attempts as recorded from called
    union all
    select day, provider, model, attempts, 0 from ledger.rollup_attempt_daily) both_sides
  group by day, provider, model having sum(kept) <> sum(recorded)
$$;
