-- A billing period begins with the workspace, and another with another plan, whether or not anybody calls: both are due at once.
create function wallet.begin_period() returns trigger language plpgsql as $$
begin
  insert into wallet.refresh (workspace_id, due_at) values (new.workspace_id, new.changed_at)
  on conflict (workspace_id) do update set due_at = excluded.due_at where wallet.refresh.due_at > excluded.due_at;
  return null;
end $$;
create trigger begin_period after insert on identity.workspace for each row execute function wallet.begin_period();
create trigger begin_period_of_plan after update of plan on identity.workspace for each row
  when (new.plan <> old.plan) execute function wallet.begin_period();
