-- One row per subscription period whose revenue is in the books: the key that makes it count once.
create table ledger.period (
  workspace_id uuid        not null,
  period_start timestamptz not null,
  plan         text        not null,
  price        bigint      not null check (price >= 0),
  fees         bigint      not null check (fees >= 0),
  currency     text        not null check (currency ~ '^[A-Z]{3}$'),
  accrued_at   timestamptz not null,
  primary key (workspace_id, period_start)
);
alter table ledger.period enable row level security;
create policy own_rows on ledger.period for select to purser_app using (workspace_id = base.current_workspace());
grant select on ledger.period to purser_app;
create policy all_rows on ledger.period for select to purser_work using (true);
create policy new_rows on ledger.period for insert to purser_work with check (true);
grant select, insert on ledger.period to purser_work;
create trigger append_only before update or delete or truncate on ledger.period
  for each statement execute function ledger.refuse_change();
alter table ledger.period enable always trigger append_only;

-- Books subscription periods, as parallel arrays, but for those that are booked; returns how many. A second caller waits for the
-- first, and books when the first rolls back.
create function ledger.accrue_periods(
  p_now timestamptz, p_workspace uuid[], p_plan text[], p_period_start timestamptz[], p_price bigint[], p_fees bigint[], p_currency text[]
) returns integer language plpgsql as $$
declare
  v_booked     integer;
  v_workspaces uuid[];
  v_plans      text[];
  v_prices     bigint[];
  v_fees       bigint[];
  v_currencies text[];
begin
  with booked as (
    insert into ledger.period (workspace_id, period_start, plan, price, fees, currency, accrued_at)
    select w, s, n, p, f, c, p_now from unnest(p_workspace, p_period_start, p_plan, p_price, p_fees, p_currency) u (w, s, n, p, f, c)
    order by w, s
    on conflict (workspace_id, period_start) do nothing
    returning workspace_id, plan, price, fees, currency
  )
  select count(*), array_agg(workspace_id), array_agg(plan), array_agg(price), array_agg(fees), array_agg(currency)
  into v_booked, v_workspaces, v_plans, v_prices, v_fees, v_currencies from booked;
  if v_booked = 0 then return 0; end if;
  perform ledger.post_many(
    p_now, v_workspaces || v_workspaces, array_fill(null::uuid, array[2 * v_booked]),
    array_fill('receivable'::text, array[v_booked]) || array_fill('fees'::text, array[v_booked]),
    array_fill('revenue:subscription'::text, array[v_booked]) || array_fill('payable:payments'::text, array[v_booked]),
    v_prices || v_fees, v_currencies || v_currencies, v_prices || v_fees, v_currencies || v_currencies, v_plans || v_plans);
  return v_booked;
end $$;
