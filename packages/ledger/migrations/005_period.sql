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
create trigger append_only before update or delete or truncate on ledger.period
  for each statement execute function ledger.refuse_change();
alter table ledger.period enable always trigger append_only;

-- Books a subscription period unless it is booked: false when it was. A second caller waits for the first, and books when
-- the first rolls back.
create function ledger.accrue_period(
  p_now timestamptz, p_workspace uuid, p_plan text, p_period_start timestamptz, p_price bigint, p_fees bigint, p_currency text
) returns boolean language plpgsql as $$
begin
  insert into ledger.period (workspace_id, period_start, plan, price, fees, currency, accrued_at)
  values (p_workspace, p_period_start, p_plan, p_price, p_fees, p_currency, p_now)
  on conflict (workspace_id, period_start) do nothing;
  if not found then return false; end if;
  perform ledger.post_many(
    p_now, array[p_workspace, p_workspace], array[null, null]::uuid[], array['receivable', 'fees'],
    array['revenue:subscription', 'payable:payments'], array[p_price, p_fees], array[p_currency, p_currency],
    array[p_price, p_fees], array[p_currency, p_currency], array[p_plan, p_plan]);
  return true;
end $$;
