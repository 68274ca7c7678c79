-- Also what was taken from everybody: a dump restored without privileges would give it back.
create or replace function base.current_access() returns table (key text, statement text) language sql stable as $$
  with spaces as (
    select n.oid, n.nspname from pg_namespace n where n.nspname in (select room from base.migration)
  ), relations as (
    select c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, format('%I.%I', s.nspname, c.relname) as name
    from pg_class c join spaces s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S')
  ), granted as (
    select case relkind when 'S' then 'sequence ' else '' end || name as target, '' as columns, relacl as list from relations
    union all
    select r.name, ' (' || quote_ident(a.attname) || ')', a.attacl
    from pg_attribute a join relations r on r.oid = a.attrelid where a.attnum > 0 and not a.attisdropped and a.attacl is not null
    union all
    select 'schema ' || quote_ident(nspname), '', nspacl from pg_namespace where oid in (select oid from spaces)
    union all
    select 'function ' || p.oid::regprocedure::text, '', p.proacl from pg_proc p where p.pronamespace in (select oid from spaces)
  )
  select 'row-level security of ' || name, format('alter table %s enable row level security', name) from relations where relrowsecurity
  union all
  select 'forced row-level security of ' || name, format('alter table %s force row level security', name) from relations where relforcerowsecurity
  union all
  select format('policy %I on %s', p.polname, r.name), format('create policy %I on %s as %s for %s to %s%s%s', p.polname, r.name,
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end,
    case when p.polroles = '{0}' then 'public' else (select string_agg(role::regrole::text, ', ') from unnest(p.polroles) role) end,
    ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
  from pg_policy p join relations r on r.oid = p.polrelid
  union all
  select statement, statement from (
    select format('grant %s%s on %s to %s', lower(acl.privilege_type), columns, target, acl.grantee::regrole) as statement
    from granted, aclexplode(list) acl
    where acl.grantee in (select oid from pg_roles where rolname in ('purser_app', 'purser_work'))) one
  union all
  -- A function is everybody's unless that is taken back.
  select 'not everybody: function ' || p.oid::regprocedure::text, format('revoke execute on function %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace in (select oid from spaces) and p.proacl is not null
    and not exists (select from aclexplode(p.proacl) acl where acl.grantee = 0 and acl.privilege_type = 'EXECUTE')
$$;
