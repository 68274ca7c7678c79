-- The orders in which an operator reads workspaces.
create index workspace_by_name on identity.workspace (lower(name), workspace_id) where erased_at is null;
create index workspace_by_plan on identity.workspace (plan, workspace_id) where erased_at is null;
