create schema ledger;
grant usage on schema ledger to purser_app, purser_work;

-- One row is one whole posting, so the books balance row by row and cannot be half written.
create table ledger.posting (
  id            bigint generated always as identity primary key,
  workspace_id  uuid        not null,
  posted_at     timestamptz not null,
  hold_id       uuid,
  debit         text        not null,
  credit        text        not null,
  amount        bigint      not null,
  unit          text        not null,
  -- The same value in the currency of the plan, at the rate of that moment: margin never needs a later rate.
  reported      bigint,
  reported_unit text,
  plan          text,
  reason        text,
  -- Rows become visible in another order than their ids; the audit seals only what no running transaction can precede.
  xid           xid8        not null default pg_current_xact_id(),
  -- One check, because each is set up anew by every statement that writes.
  constraint sound check (amount > 0 and debit <> credit and (reported is null) = (reported_unit is null) and coalesce(reported, 0) >= 0)
);
create index posting_of_workspace on ledger.posting (workspace_id, id);

alter table ledger.posting enable row level security;
create policy own_rows on ledger.posting for select to purser_app using (workspace_id = base.current_workspace());
grant select on ledger.posting to purser_app;
-- It adds rows and does nothing else to them; which transaction a row is of, nobody chooses.
create policy all_rows on ledger.posting for select to purser_work using (true);
create policy new_rows on ledger.posting for insert to purser_work with check (true);
grant select, insert (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan, reason) on ledger.posting to purser_work;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'ledger.% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on ledger.posting
  for each statement execute function ledger.refuse_change();

-- Each physical provider call, successful or not.
create table ledger.attempt (
  id            bigint generated always as identity primary key,
  workspace_id  uuid        not null,
  hold_id       uuid        not null,
  ordinal       smallint    not null,
  actor         text        not null,
  operation     text        not null,
  kind          text        not null,
  provider      text        not null,
  model         text        not null,
  model_version text,
  started_at    timestamptz not null,
  duration_ms   integer     not null,
  outcome       text        not null,
  usage         jsonb,
  cost          bigint,
  cost_unit     text,
  request_id    text,
  xid           xid8        not null default pg_current_xact_id(),
  constraint sound check (ordinal > 0 and duration_ms >= 0 and coalesce(cost, 0) >= 0 and (cost is null) = (cost_unit is null))
);
create index attempt_of_workspace on ledger.attempt (workspace_id, id);

alter table ledger.attempt enable row level security;
create policy own_rows on ledger.attempt for select to purser_app using (workspace_id = base.current_workspace());
grant select on ledger.attempt to purser_app;
create policy all_rows on ledger.attempt for select to purser_work using (true);
create policy new_rows on ledger.attempt for insert to purser_work with check (true);
grant select, insert (workspace_id, hold_id, ordinal, actor, operation, kind, provider, model, model_version, started_at, duration_ms, outcome,
  usage, cost, cost_unit, request_id) on ledger.attempt to purser_work;
create trigger append_only before update or delete or truncate on ledger.attempt
  for each statement execute function ledger.refuse_change();

-- Writes attempts given as a JSON array of objects whose keys are the columns; `null` writes none.
create function ledger.record_attempts(p_attempts jsonb) returns void language plpgsql as $$
#variable_conflict use_column
begin
  insert into ledger.attempt (workspace_id, hold_id, ordinal, actor, operation, kind, provider, model, model_version,
                              started_at, duration_ms, outcome, usage, cost, cost_unit, request_id)
  select workspace_id, hold_id, ordinal, actor, operation, kind, provider, model, model_version,
         started_at, duration_ms, outcome, usage, cost, cost_unit, request_id
  from jsonb_to_recordset(p_attempts) as a (
    workspace_id uuid, hold_id uuid, ordinal smallint, actor text, operation text, kind text, provider text, model text,
    model_version text, started_at timestamptz, duration_ms integer, outcome text, usage jsonb, cost bigint, cost_unit text,
    request_id text);
end $$;

-- One posting outside the hold's own settlement: revenue, fees, grants, corrections.
create function ledger.post(
  p_now timestamptz, p_workspace uuid, p_hold uuid, p_debit text, p_credit text, p_amount bigint, p_unit text,
  p_reported bigint default null, p_reported_unit text default null, p_plan text default null, p_reason text default null
) returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan, reason)
  values (p_workspace, p_now, p_hold, p_debit, p_credit, p_amount, p_unit, p_reported, p_reported_unit, p_plan, p_reason)
  returning id into v_id;
  return v_id;
end $$;

-- Many postings at once, as parallel arrays; rows whose amount is null or zero are left out. Returns how many it wrote.
-- (plpgsql keeps its plans; a function in SQL would be planned anew for every batch.)
create function ledger.post_many(
  p_now timestamptz, p_workspace uuid[], p_hold uuid[], p_debit text[], p_credit text[], p_amount bigint[], p_unit text[],
  p_reported bigint[], p_reported_unit text[], p_plan text[]
) returns integer language plpgsql as $$
declare
  v_posted integer;
begin
  insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
  select p_workspace[n], p_now, p_hold[n], p_debit[n], p_credit[n], a.amount, p_unit[n], p_reported[n],
    case when p_reported[n] is not null then p_reported_unit[n] end, p_plan[n]
  from unnest(p_amount) with ordinality a (amount, n)
  where a.amount > 0;
  get diagnostics v_posted = row_count;
  return v_posted;
end $$;
