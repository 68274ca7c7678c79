-- The role under which tenant rows are read and written: it owns nothing and cannot bypass row-level security.
-- Roles belong to the cluster, so another database may have made it already, perhaps at this very moment.
do $$
begin
  create role purser_app nologin nosuperuser nobypassrls;
exception when duplicate_object or unique_violation then
  null;
end $$;

do $$
begin
  execute format('grant purser_app to %I', current_user);
exception when others then
  -- A superuser needs no membership, and a membership given by the operator need not be given again.
  if not pg_has_role(current_user, 'purser_app', 'member') then raise; end if;
end $$;

grant usage on schema base to purser_app;

-- The workspace of the running transaction, or null: a policy that compares with null shows nothing.
create function base.current_workspace() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('purser.workspace_id', true), '')::uuid $$;
