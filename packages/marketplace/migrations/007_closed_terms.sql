-- Where the terms of a workspace are closed: what is told of the time since is read without what is known of before, but for these snapshots.
create table marketplace.closed_terms (
  workspace_id uuid        primary key,
  until        timestamptz not null,
  -- The invoice that began the term which began then.
  opener       text        not null,
  -- Subscriptions that were paid for before.
  paid         text[]      not null,
  -- Events whose snapshots of before are still read.
  snapshots    text[]      not null,
  -- What was known of before (`marketplace.known_before`): told otherwise, everything is read again.
  known        text        not null
);
alter table marketplace.closed_terms enable row level security;
create policy own_rows on marketplace.closed_terms for select to purser_app using (workspace_id = base.current_workspace());
create policy all_rows on marketplace.closed_terms to purser_work using (true);
grant select on marketplace.closed_terms to purser_app;
grant select, insert, update, delete on marketplace.closed_terms to purser_work;

-- Facts are only ever added, but for what goes back of an invoice: their number and sums say whether anything of a time was told since.
create function marketplace.known_before(p_workspace uuid, p_until timestamptz) returns text language sql stable as $$
  select concat_ws(' ',
    (select count(*) from marketplace.snapshot where workspace_id = p_workspace and at < p_until),
    (select concat_ws(' ', count(*), sum(paid), sum(tax), sum(reversed), sum(reversal_fees))
     from marketplace.invoice where workspace_id = p_workspace and paid_at < p_until))
$$;
