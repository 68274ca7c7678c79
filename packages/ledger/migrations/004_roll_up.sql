-- Daily sums, kept by a step off the hot path; reports add the tail it has not reached. They are derived from the
-- postings, which alone are the books: verification recomputes them.

-- How far each set of sums goes.
create table ledger.rollup_position (
  name text primary key check (name in ('account', 'margin')),
  xid  bigint not null,
  id   bigint not null
);
insert into ledger.rollup_position (name, xid, id)
values ('account', -9223372036854775808, -9223372036854775808), ('margin', -9223372036854775808, -9223372036854775808);

-- Days are UTC. A null plan or reported unit is a key like any other.
create table ledger.rollup_account_daily (
  day           date    not null,
  plan          text,
  debit         text    not null,
  credit        text    not null,
  unit          text    not null,
  reported_unit text,
  postings      bigint  not null,
  amount        numeric not null,
  reported      numeric not null
);
create unique index rollup_account_daily_key on ledger.rollup_account_daily (day, plan, debit, credit, unit, reported_unit)
  nulls not distinct;

-- By workspace, as differences: a key may stand in many rows, which add up. Looking each up to merge it would cost more than
-- all the rest, so a step takes many postings instead and leaves few rows.
create table ledger.rollup_margin_daily (
  workspace_id uuid    not null,
  day          date    not null,
  plan         text,
  pack         text,
  unit         text    not null,
  revenue      numeric not null,
  fees         numeric not null,
  cost         numeric not null,
  spent        numeric not null
);
create index rollup_margin_daily_of_day on ledger.rollup_margin_daily using brin (day) with (autosummarize = on);
-- Margins are the owner's business: the policy is there, and no tenant role is granted a thing.
alter table ledger.rollup_margin_daily enable row level security;
create policy own_rows on ledger.rollup_margin_daily for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on ledger.rollup_margin_daily for select to purser_work using (true);
create policy new_rows on ledger.rollup_margin_daily for insert to purser_work with check (true);
grant select, insert on ledger.rollup_margin_daily to purser_work;
grant select, insert, update on ledger.rollup_account_daily to purser_work;
grant select, update on ledger.rollup_position to purser_work;

-- What a posting between two accounts adds to revenue, fees, cost and spent credits: 1, 0 or -1 times its value.
create function ledger.revenue_sign(p_debit text, p_credit text) returns integer language sql immutable parallel safe
  as $$ select (p_credit like 'revenue:%')::integer - (p_debit like 'revenue:%')::integer $$;
create function ledger.fees_sign(p_debit text, p_credit text) returns integer language sql immutable parallel safe
  as $$ select (p_debit = 'fees' or p_debit like 'fees:%')::integer - (p_credit = 'fees' or p_credit like 'fees:%')::integer $$;
-- What may have been spent counts as spent: doubt and overrun are cost until a reconciliation says otherwise.
create function ledger.cost_sign(p_debit text, p_credit text) returns integer language sql immutable parallel safe
  as $$ select (p_debit in ('cost', 'overrun', 'unreconciled'))::integer - (p_credit in ('cost', 'overrun', 'unreconciled'))::integer $$;
create function ledger.spent_sign(p_debit text, p_credit text) returns integer language sql immutable parallel safe
  as $$ select (p_credit = 'spent' or p_credit like 'spent:%')::integer - (p_debit = 'spent' or p_debit like 'spent:%')::integer $$;
-- The pack an account is of: `revenue:pack:S500`, `fees:pack:S500`, `spent:pack:S500`.
create function ledger.pack_of(p_debit text, p_credit text) returns text language sql immutable parallel safe as $$
  select case
    when p_credit like '%:pack:%' then substring(p_credit from '^(?:revenue|fees|spent):pack:(.+)$')
    when p_debit like '%:pack:%' then substring(p_debit from '^(?:revenue|fees|spent):pack:(.+)$') end
$$;

-- Postings as lines of the margin report, in the currency they are reported in. The planner sees through it: what is asked of
-- transaction number or time is asked of the table.
create function ledger.margin_lines() returns table (
  xid bigint, id bigint, workspace_id uuid, posted_at timestamptz, plan text, pack text, unit text,
  revenue bigint, fees bigint, cost bigint, spent bigint
) language sql stable as $$
  select xid, id, workspace_id, posted_at, plan, ledger.pack_of(debit, credit), coalesce(reported_unit, unit),
    coalesce(reported, amount) * ledger.revenue_sign(debit, credit),
    coalesce(reported, amount) * ledger.fees_sign(debit, credit),
    coalesce(reported, amount) * ledger.cost_sign(debit, credit),
    case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end
  from ledger.posting
$$;

-- Where a step that begins after a position ends: at the last of the next `p_rows_max` postings below the horizon.
create function ledger.rollup_step(p_after_xid bigint, p_after_id bigint, p_rows_max integer, out rows integer, out xid bigint, out id bigint)
language plpgsql set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
begin
  if p_after_xid >= ledger.next_transaction_number() then
    raise exception 'the books go to transaction %, beyond the counter of this database: it was restored from a dump and must be adopted first', p_after_xid;
  end if;
  select count(*), max(s.xid), max(s.id) filter (where s.last) into rows, xid, id
  from (select n.xid, n.id, row_number() over (order by n.xid desc, n.id desc) = 1 as last
        from (select p.xid, p.id from ledger.posting p
              where (p.xid, p.id) > (p_after_xid, p_after_id) and p.xid < ledger.horizon()
              order by p.xid, p.id limit p_rows_max) n) s;
end $$;

-- Adds the next postings to the sums by account, at most `p_rows_max`; returns how many. One runs at a time; another returns 0
-- at once. The plans must follow the position: one made for another position could read the whole table.
create function ledger.roll_up_accounts(p_rows_max integer) returns integer language plpgsql
set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  v_after ledger.rollup_position;
  v_step  record;
begin
  select * into v_after from ledger.rollup_position where name = 'account' for update skip locked;
  if not found then return 0; end if;
  select * into v_step from ledger.rollup_step(v_after.xid, v_after.id, p_rows_max);
  if v_step.rows = 0 then return 0; end if;

  insert into ledger.rollup_account_daily as r (day, plan, debit, credit, unit, reported_unit, postings, amount, reported)
  select (posted_at at time zone 'UTC')::date, plan, debit, credit, unit, reported_unit, count(*), sum(amount), coalesce(sum(reported), 0)
  from ledger.posting
  where (xid, id) > (v_after.xid, v_after.id) and (xid, id) <= (v_step.xid, v_step.id)
  group by 1, 2, 3, 4, 5, 6
  on conflict (day, plan, debit, credit, unit, reported_unit) do update set
    postings = r.postings + excluded.postings, amount = r.amount + excluded.amount, reported = r.reported + excluded.reported;

  update ledger.rollup_position set xid = v_step.xid, id = v_step.id where name = 'account';
  return v_step.rows;
end $$;

-- Adds the next postings to the sums by workspace once there are `p_rows`; returns how many it added, which is that or 0.
create function ledger.roll_up_margins(p_rows integer) returns integer language plpgsql
set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  v_after ledger.rollup_position;
  v_step  record;
begin
  select * into v_after from ledger.rollup_position where name = 'margin' for update skip locked;
  if not found then return 0; end if;
  select * into v_step from ledger.rollup_step(v_after.xid, v_after.id, p_rows);
  if v_step.rows < p_rows then return 0; end if;

  insert into ledger.rollup_margin_daily (workspace_id, day, plan, pack, unit, revenue, fees, cost, spent)
  select workspace_id, (posted_at at time zone 'UTC')::date, plan, pack, unit, sum(revenue), sum(fees), sum(cost), sum(spent)
  from ledger.margin_lines()
  where (xid, id) > (v_after.xid, v_after.id) and (xid, id) <= (v_step.xid, v_step.id)
    and (revenue <> 0 or fees <> 0 or cost <> 0 or spent <> 0)
  group by 1, 2, 3, 4, 5;

  update ledger.rollup_position set xid = v_step.xid, id = v_step.id where name = 'margin';
  return v_step.rows;
end $$;
