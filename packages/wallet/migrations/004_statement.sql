-- How many credits a workspace had behind one of its postings: a statement counts from the last one before its page. Made of the
-- books, final where they are, and made again if it is lost.
create table wallet.checkpoint (
  workspace_id uuid        not null,
  posting_id   bigint      not null,
  balance      bigint      not null,
  -- The latest time up to here: postings of several servers are not quite in the order of their clocks.
  latest_at    timestamptz not null,
  primary key (workspace_id, posting_id)
);

-- Credits spent by UTC day, through the last checkpoint.
create table wallet.credit_day (
  workspace_id uuid   not null,
  day          date   not null,
  spent        bigint not null,
  primary key (workspace_id, day)
);

alter table wallet.checkpoint enable row level security;
alter table wallet.credit_day enable row level security;
create policy own_rows on wallet.checkpoint for select to purser_app using (workspace_id = base.current_workspace());
create policy own_rows on wallet.credit_day for select to purser_app using (workspace_id = base.current_workspace());
-- What a statement is counted from is not for a request of one workspace to write.
grant select on wallet.checkpoint, wallet.credit_day to purser_app;
create policy all_rows on wallet.checkpoint to purser_work using (true);
create policy all_rows on wallet.credit_day to purser_work using (true);
grant select, insert on wallet.checkpoint to purser_work;
grant select, insert, update on wallet.credit_day to purser_work;
