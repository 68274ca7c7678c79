-- A billing period begins with the workspace, and another with another plan, whether or not anybody calls: both are due at once.
create function wallet.begin_period() returns trigger language plpgsql as $$
begin
  insert into wallet.refresh (workspace_id, due_at) values (new.workspace_id, new.changed_at)
  on conflict (workspace_id) do update set due_at = excluded.due_at where wallet.refresh.due_at > excluded.due_at;
  return null;
end $$;
select identity.when_terms_begin('wallet.begin_period');
