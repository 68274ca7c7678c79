-- How many of the workspace's credits a member, or a team, may spend in a billing period. Rows are never deleted: null is no limit.
create table wallet.allocation (
  workspace_id uuid        not null,
  kind         text        not null check (kind in ('member', 'team')),
  name         text        not null check (length(name) between 1 and 256),
  credits      bigint      check (credits >= 0),
  -- Of a member: the team whose allocation its calls count against as well.
  team         text        check (length(team) between 1 and 256),
  changed_at   timestamptz not null,
  primary key (workspace_id, kind, name),
  constraint teams_are_in_no_team check (kind = 'member' or team is null)
);

alter table wallet.allocation enable row level security;
create policy own_rows on wallet.allocation to purser_app using (workspace_id = base.current_workspace());
grant select, insert, update (credits, team, changed_at) on wallet.allocation to purser_app;
create policy all_rows on wallet.allocation to purser_work using (true);
grant select, insert, update on wallet.allocation to purser_work;

-- What is known of a workspace is forgotten everywhere when its allocations change, as when it changes itself.
create trigger tell_change after insert or update on wallet.allocation
  for each row execute function identity.tell_workspace_change();
