-- Two roles serve: `purser_app` what is one workspace's, with that workspace set, and `purser_work` what is by nature across
-- workspaces. Neither owns a thing, neither bypasses row-level security, neither may become the other. Who owns the tables only
-- migrates them. Roles belong to the cluster, so another database may have made them already, perhaps at this very moment.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['purser_app', 'purser_work'] loop
    if not exists (select from pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication', v_role);
      exception
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then
          raise exception 'there is no role %, and % may not make it: have it made beforehand (docs/operating.md, "The roles of the database")', v_role, current_user
            using errcode = 'insufficient_privilege';
      end;
    end if;
  end loop;
end $$;

grant usage on schema base to purser_app, purser_work;

-- The workspace of the running transaction, or null: a policy that compares with null shows nothing. The platform is no tenant.
create function base.current_workspace() returns uuid
  language sql stable parallel safe
  as $$ select nullif(nullif(current_setting('purser.workspace_id', true), ''), '00000000-0000-0000-0000-000000000000')::uuid $$;
