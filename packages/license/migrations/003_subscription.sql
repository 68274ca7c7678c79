-- Of which subscription a payment event tells: one that has ended comes back by no payment. Null: of none, or from before this was kept.
alter table license.event add column subscription text check (length(subscription) between 1 and 200);
alter table license.event drop constraint event_kind_check;
alter table license.event add constraint event_kind_check
  check (kind in ('failed', 'paid', 'ended', 'paused', 'resumed', 'refunded', 'set_active', 'set_grace', 'set_cancelled'));

-- The subscription of those events of a workspace that came before this was kept.
create table license.earlier_subscription (
  workspace_id uuid primary key,
  subscription text not null
);
alter table license.earlier_subscription enable row level security;
create policy all_rows on license.earlier_subscription to purser_work using (true);
create policy own_rows on license.earlier_subscription for select to purser_app using (workspace_id = base.current_workspace());
grant select on license.earlier_subscription to purser_app, purser_work;
create function license.name_earlier(p_workspace uuid, p_subscription text) returns void language sql as $$
  insert into license.earlier_subscription (workspace_id, subscription) values (p_workspace, p_subscription) on conflict do nothing
$$;
